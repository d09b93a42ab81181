import { describe, expect, it } from 'vitest'
import { retryHeaders } from '../../src/contracts/broker.ts'
import { eventually, remains } from '../support/eventually.ts'
import { of } from '../support/ledger-check.ts'
import { ownQueuesOf } from '../support/rabbitmq-own-queues.ts'
import { openHelper, withChannel } from '../support/rabbitmq-target.ts'
import { testServer, variant } from '../support/rabbitmq.ts'
import { useStage } from './support/use-stage.ts'
import type { Stage } from './support/stage.ts'

const failing = 'sync'
const ownServer = testServer().control !== undefined

describe.skipIf(!ownServer)('a message that fails again and again', () => {
  const open = useStage()

  it.each(['classic', 'quorum'] as const)(
    'is tried exactly as often as it may be, over kills -9 of its workers, on a %s queue',
    async (type) => {
      const stage = await open({ type })
      const env = { QUEUE_CANARY_ORDERS_MAX_ATTEMPTS: '5', QUEUE_CANARY_ORDERS_RETRY_DELAY: '1s' }
      await stage.publisher.backlog(1, { act: failing })
      for (const attempt of [1, 2, 3, 4]) {
        const worker = await stage.worker('v1', { env, name: `v1 ${attempt}` })
        const waits = async (): Promise<boolean> => attempts(stage).length === attempt && (await waiting(stage)) === 1
        await eventually(waits, { what: `attempt ${attempt}, and the wait after it`, deadlineMs: 60_000 })
        worker.signal('SIGKILL')
        await worker.exited()
      }
      await stage.worker('v1', { env, name: 'v1 last' })
      await eventually(async () => expect((await stage.queues.depths()).dead).toBe(1), {
        what: 'the dead letter',
        deadlineMs: 90_000,
      })
      expect(attempts(stage)).toEqual([1, 2, 3, 4, 5])
      await eachDeadLetter(stage, (headers) =>
        expect(headers).toMatchObject({
          act: failing,
          [retryHeaders.attempts]: 5,
          [retryHeaders.version]: 'v1',
          [retryHeaders.reason]: 'failed',
          [retryHeaders.error]: 'Error',
        }),
      )
    },
  )

  it('does not hold up others, however many there are, and is not tried in a hot loop', async () => {
    const stage = await open({ type: 'quorum' })
    const env = {
      QUEUE_CANARY_ORDERS_MAX_ATTEMPTS: '3',
      QUEUE_CANARY_ORDERS_RETRY_DELAY: '5s',
      QUEUE_CANARY_ORDERS_OUTAGE_PATIENCE: '0s',
    }
    await stage.worker('v1', { env })
    await stage.publisher.backlog(1_000, { act: failing })
    await eventually(() => attempts(stage).length >= 900, { what: 'the first attempts', deadlineMs: 60_000 })
    const stream = stage.publisher.stream(100, { most: 500 })
    await stream.finished
    const isHandled = (): boolean => of(stage.ledger(), 'done').length === 500
    await eventually(isHandled, { what: 'the good ones, while the others wait', deadlineMs: 3_000 })
    await eventually(async () => expect((await stage.queues.depths()).dead).toBe(1_000), {
      what: 'the dead letters',
      deadlineMs: 90_000,
    })
    expect(of(stage.ledger(), 'start').length).toBe(3_500)
    await remains(() => of(stage.ledger(), 'start').length === 3_500, { what: 'nothing is tried again', forMs: 1_000 })
    const status = await stage.status()
    expect(status.current).toBe('v1')
  })

  it('waits in the worker where the broker may not keep it, and is tried as often', async () => {
    const stage = await open({ type: 'quorum' })
    const { control, url } = testServer()
    const user = `no-retries-${stage.queues.name}`
    await control?.setUser(user, 'guest', { configure: '^$', write: '^$', read: '.*' })
    const worker = await stage.worker('v1', {
      env: {
        QUEUE_CANARY_ORDERS_URL: variant(url, { user }),
        QUEUE_CANARY_ORDERS_MAX_ATTEMPTS: '3',
        QUEUE_CANARY_ORDERS_RETRY_DELAY: '1s',
        QUEUE_CANARY_ORDERS_OUTAGE_PATIENCE: '0s',
      },
    })
    await stage.publisher.backlog(5, { act: failing })
    await eventually(async () => expect((await stage.queues.depths()).dead).toBe(5), {
      what: 'the dead letters',
      deadlineMs: 60_000,
    })
    expect(attempts(stage).toSorted((a, b) => a - b)).toEqual([1, 1, 1, 1, 1, 2, 2, 2, 2, 2, 3, 3, 3, 3, 3])
    expect(worker.stderr + worker.stdout).toContain('the broker keeps no message for its retry')
    await control?.deleteUser(user)
  })
})

function attempts(stage: Stage): readonly number[] {
  return of(stage.ledger(), 'fail').map(({ attempt }) => attempt)
}

/** Messages in all delay queues. One that waits is settled: a kill of its worker cannot have it delivered again. */
async function waiting({ queues }: Stage): Promise<number> {
  const helper = await openHelper(testServer().url)
  try {
    const counts = await Promise.all(ownQueuesOf(queues.name).map(async (name) => (await helper.ready(name)) ?? 0))
    return counts.reduce((sum, count) => sum + count, 0)
  } finally {
    await helper.close()
  }
}

async function eachDeadLetter({ queues }: Stage, check: (headers: unknown) => void): Promise<void> {
  await withChannel(testServer().url, async (channel) => {
    for (let next = await channel.get(queues.dead); next !== false; next = await channel.get(queues.dead)) {
      channel.ack(next)
      check(next.properties.headers)
    }
  })
}
