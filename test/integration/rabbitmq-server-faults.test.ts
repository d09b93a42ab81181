import { describe, expect, it } from 'vitest'
import type { Delivery } from '../../src/contracts/broker.ts'
import { isQueueCanaryError } from '../../src/errors.ts'
import { eventually, remains, settles } from '../support/eventually.ts'
import { testServer } from '../support/rabbitmq.ts'
import type { RabbitmqControl } from '../support/rabbitmq.ts'
import { openCase, streaming, throttled } from '../support/rabbitmq-case.ts'
import { LedgerSink } from '../support/rabbitmq-ledger.ts'
import type { QueueType } from '../support/rabbitmq-target.ts'
import { useTeardown } from '../support/teardown.ts'
import { logs } from '../worker/support/logs.ts'

const server = testServer()
const { control } = server
const note = { version: 'v2', reason: 'failed', deliveryCount: 0 } as const
const retryNote = { version: 'v1', reason: 'failed', error: undefined, waits: 0, dead: false } as const

/** Long enough that some messages are in flight whenever a fault comes. */
const slow = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 10))

const faults: Record<string, (of: RabbitmqControl) => Promise<void>> = {
  'every connection closed by an operator': (of) => of.closeAllConnections(),
  'the server stopped and started inside its runtime': async (of) => {
    await of.stopApp()
    await of.startApp()
  },
  'the process restarted': (of) => of.restart(),
  'the process killed and started': async (of) => {
    await of.kill()
    await of.start()
  },
}

describe.skipIf(control === undefined)('faults of the server', () => {
  const teardown = useTeardown({ deadlineMs: 60_000 })

  it.for(Object.entries(faults))(
    '%s: all is handled, duplicates only of what was in flight',
    { timeout: 240_000 },
    async ([, fault]) => {
      const types: QueueType[] = ['classic', 'quorum']
      const runs = await Promise.all(
        types.map(async (type) => {
          const target = await openCase(server, teardown, type)
          const broker = target.broker()
          await broker.prepareHandBack()
          const [stable, canary] = [new LedgerSink(slow), new LedgerSink(slow)]
          await broker.subscribe(streaming, stable)
          const throttle = await broker.subscribe(throttled, canary)
          await stable.isLinked('consuming')
          return { target, stable, canary, throttle, ids: [...(await target.publish(600, 'before'))] }
        }),
      )
      const handled = ({ stable, canary, ids }: (typeof runs)[number]): boolean =>
        ids.every((id) => stable.ids.has(id) || canary.ids.has(id))
      for (const { throttle } of runs) throttle.permit(100)
      await eventually(() => runs.every(({ stable }) => stable.count > 50), { what: 'work under way' })
      await fault(must(control))
      for (const run of runs) {
        run.ids.push(...(await run.target.publish(200, 'after')))
        run.throttle.permit(200)
      }
      await eventually(() => runs.every(handled), { what: 'every message', deadlineMs: 90_000 })
      for (const { target, stable, canary } of runs) {
        await eventually(async () => (await target.helper.ready(target.queue)) === 0, { what: 'an empty queue' })
        expect(canary.count).toBeLessThanOrEqual(200)
        expect([stable.states, canary.states]).toEqual([
          expect.arrayContaining(['connecting']),
          expect.arrayContaining(['connecting']),
        ])
        expect([...stable.unexplainedDuplicates(), ...canary.unexplainedDuplicates()]).toEqual([])
      }
    },
  )

  it('a restart leaves every message of a delay queue where it is, with its attempts', async () => {
    const target = await openCase(server, teardown, 'quorum')
    const broker = target.broker()
    const ids = await target.publish(50)
    let settled = 0
    const retry = async (delivery: Delivery): Promise<void> => {
      if (await delivery.retryLater({ ...retryNote, attempts: 3, delayMs: 4_000 })) settled++
    }
    const subscription = await broker.subscribe(streaming, { onDelivery: (one) => void retry(one), onLink: () => {} })
    await eventually(() => settled === 50, { what: 'all of them wait' })
    await subscription.close()
    await must(control).restart()
    const back = new Map<string, number | undefined>()
    const take = (delivery: Delivery): void => {
      back.set(delivery.message.id, delivery.passage.retried?.attempts)
      delivery.ack()
    }
    await broker.subscribe(streaming, { onDelivery: take, onLink: () => {} })
    await eventually(() => back.size === 50, { what: 'all of them again', deadlineMs: 60_000 })
    expect(back).toEqual(new Map(ids.map((id) => [id, 3])))
  })

  it('a copy that is confirmed too late is not returned beside', { timeout: 120_000 }, async () => {
    const target = await openCase(server, teardown, 'classic')
    const broker = target.broker()
    await broker.prepareHandBack()
    const taken: Delivery[] = []
    await broker.subscribe(streaming, { onDelivery: (one) => void taken.push(one), onLink: () => {} })
    await target.publish(2)
    await eventually(() => taken.length === 2, { what: 'both deliveries' })
    const [first, second] = taken
    teardown.add(await memoryAlarm(true), () => memoryAlarm(false))
    await expect(must(first).handBack(note)).rejects.toThrow(/not confirmed/)
    await memoryAlarm(false)
    await eventually(() => must(second).handBack(note), { what: 'the confirmation of what was sent after it' })
    expect(must(first).requeue()).toBe(true)
    await broker.close()
    await remains(async () => (await target.helper.ready(target.handBackQueue)) === 2, {
      what: 'one copy of each',
      forMs: 1_000,
    })
    expect(await target.helper.ready(target.queue)).toBe(0)
  })

  it(
    'a memory alarm stops hand-backs, which fail in time and leave one copy in the end, and no consuming',
    { timeout: 180_000 },
    async () => {
      const target = await openCase(server, teardown, 'classic')
      const broker = target.broker()
      await broker.prepareHandBack()
      const held: Delivery[] = []
      const gate = Promise.withResolvers<void>()
      const sink = new LedgerSink((delivery) => {
        if (held.length === 3) return gate.promise
        held.push(delivery)
        return new Promise(() => {})
      })
      await target.publish(30)
      await broker.subscribe(streaming, sink)
      await eventually(() => sink.count === 20, { what: 'some deliveries' })
      teardown.add(await memoryAlarm(true), () => memoryAlarm(false))

      const attempts = async (): Promise<PromiseSettledResult<boolean>[]> =>
        Promise.allSettled(held.map((delivery) => delivery.handBack(note)))
      const first = await settles(attempts(), { what: 'hand-backs during the alarm' })
      expect(
        first.some(
          (outcome) => outcome.status === 'rejected' && isQueueCanaryError(outcome.reason, 'HAND_BACK_FAILED'),
        ),
      ).toBe(true)
      await settles(attempts(), { what: 'hand-backs once more' })
      gate.resolve()
      await eventually(() => sink.count === 30, { what: 'consuming goes on' })

      await memoryAlarm(false)
      await eventually(async () => (await attempts()).every(({ status }) => status === 'fulfilled'), {
        what: 'hand-backs after the alarm',
        deadlineMs: 60_000,
      })
      await broker.close()
      await remains(async () => (await target.helper.ready(target.handBackQueue)) === 3, {
        what: 'one copy of each',
        forMs: 1_000,
      })
      expect(await target.helper.ready(target.queue)).toBe(0)
    },
  )
})

describe.skipIf(control === undefined)('a subscription that the server ends', () => {
  const teardown = useTeardown({ deadlineMs: 60_000 })
  const ended = 'a subscription ended: it is made anew, and what was unsettled comes again'

  it('because a message was held for too long is told, once for each time', async () => {
    const set = (name: string, ms: number) => must(control).ctl('eval', `application:set_env(rabbit, ${name}, ${ms}).`)
    teardown.add(await set('consumer_timeout', 1_000), () => set('consumer_timeout', 1_800_000))
    teardown.add(await set('channel_tick_interval', 200), () => set('channel_tick_interval', 60_000))
    const target = await openCase(server, teardown, 'quorum')
    const log = logs()
    const sink = new LedgerSink(() => new Promise(() => {}))
    await target.broker({ log }).subscribe(streaming, sink)
    await target.publish(1)
    await eventually(() => sink.count === 3, { what: 'the message again and again', deadlineMs: 30_000 })
    const reason = expect.stringContaining('for longer than its consumer_timeout allows')
    const lost = { level: 'warn', text: ended, fields: { queue: target.queue, reason } }
    expect(log.lines.filter(({ level }) => level === 'warn')).toEqual([lost, lost])
  })

  it('because its queue is gone is told, and not again while it is missing', async () => {
    const target = await openCase(server, teardown, 'classic')
    const log = logs()
    const sink = new LedgerSink()
    await target.broker({ log }).subscribe(streaming, sink)
    await sink.isLinked('consuming')
    await target.helper.delete(target.queue)
    await sink.isLinked('missing')
    await remains(() => sink.state === 'missing', { what: 'missing', forMs: 1_000 })
    expect(log.lines.filter(({ level }) => level === 'warn').map(({ text }) => text)).toEqual([ended])
    expect(sink.reasons.join()).toMatch(/ cancelled the consumer: its queue was deleted/)
    expect(sink.reasons.join()).not.toContain('not reachable')
  })
})

/** While it lasts, nothing that is published is taken. */
function memoryAlarm(isOn: boolean): Promise<string> {
  return must(control).ctl('set_vm_memory_high_watermark', isOn ? '0.00001' : '0.4')
}

function must<T>(value: T | undefined): T {
  if (value === undefined) throw new Error('the test needs a server of its own')
  return value
}
