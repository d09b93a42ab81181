import { describe, expect, it } from 'vitest'
import { duplicates, lost } from '../support/ledger-check.ts'
import { everythingHandled } from './support/await-rollout.ts'
import type { Stage } from './support/stage.ts'
import { useStage } from './support/use-stage.ts'
import type { WorkerOptions } from './support/worker-environment.ts'

const policy = `
steps: [{ weight: 20%, duration: 1s, minSamples: 20 }, { weight: 50%, duration: 1s }]
analysis: { metrics: [] }
limits: { maxFailedMessages: 5 }
promotion: { workers: 1, duration: 500ms }
progressDeadline: 1m
`

describe('two queues as one rollout', () => {
  const open = useStage()

  it('go back together when one fails, and are promoted together when none does; no message is lost', async () => {
    const [orders, bills] = [await open({ type: 'classic' }), await open({ type: 'classic' })]
    const ofBills = (options: WorkerOptions = {}): WorkerOptions => ({ ...options, env: billsOn(orders, bills) })
    const old = [await orders.worker('v1'), await bills.worker('v1', ofBills())]
    const streams = [orders.publisher.stream(150), bills.publisher.stream(150)]
    const start = (version: string) => {
      const file = orders.writePolicy(policy)
      const queues = ['--queue', 'orders', '--queue', 'bills']
      const args = ['start', ...queues, '--version', version, '--policy', file, '--watch', '--timeout', '90s']
      return orders.launch(`start ${version}`, [...args, '--store', orders.store])
    }

    const bad = [
      await orders.worker('v2'),
      await bills.worker('v2', ofBills({ handler: { failRate: 1, obey: false } })),
    ]
    const first = start('v2')
    await first.exitsWith(3, 100_000)
    for (const worker of bad) await worker.exitsWith(0)
    expect(first.stdout).toMatch(
      /orders {2}RollingBack.*queue bills of the same rollout was taken back: \d+ messages failed/,
    )
    expect(await orders.status()).toMatchObject({ phase: 'RolledBack', current: 'v1', harmed: 0 })

    const good = [await orders.worker('v3'), await bills.worker('v3', ofBills())]
    const second = start('v3')
    await second.exitsWith(0, 100_000)
    for (const worker of old) await worker.exitsWith(0)
    expect(await orders.status()).toMatchObject({ current: 'v3', group: { queues: ['orders', 'bills'] } })
    for (const worker of good) expect(worker.exit).toBeUndefined()
    for (const [index, stage] of [orders, bills].entries()) {
      await streams[index]?.stop()
      await everythingHandled(stage)
      expect(lost(stage.publisher.confirmed, stage.ledger())).toEqual([])
      expect(duplicates(stage.ledger())).toEqual([])
    }
  })
})

/** The environment of a worker of the second queue, on the store of the first. */
function billsOn(first: Stage, { access, queues }: Stage): Readonly<Record<string, string>> {
  const handler = new URL('support/ledger-handler.ts', import.meta.url).pathname
  return {
    QUEUE_CANARY_STORE: first.store,
    QUEUE_CANARY_QUEUES: 'bills',
    QUEUE_CANARY_BILLS_URL: access['QUEUE_CANARY_ORDERS_URL'] ?? '',
    QUEUE_CANARY_BILLS_NAME: queues.name,
    QUEUE_CANARY_BILLS_HANDLER: handler,
    ...Object.fromEntries(['URL', 'NAME', 'HANDLER', 'CONCURRENCY'].map((key) => [`QUEUE_CANARY_ORDERS_${key}`, ''])),
  }
}
