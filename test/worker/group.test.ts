import { describe, expect, it } from 'vitest'
import { eventually } from '../support/eventually.ts'
import { useTeardown } from '../support/teardown.ts'
import { fleet, quickPolicy } from './support/fleet.ts'
import type { Fleet } from './support/fleet.ts'

const teardown = useTeardown()
const queues = ['orders', 'bills']
const fail = (): never => {
  throw new Error('no')
}

/** Two queues on one store, with v1 in charge of both and traffic on both. */
async function scene() {
  const orders = fleet(teardown)
  const bills = fleet(teardown, { store: orders.store, name: 'bills' })
  const sides = [orders, bills]
  const old = await Promise.all(
    sides.map(async ({ worker }) => {
      const one = worker('v1')
      await one.start()
      return one
    }),
  )
  const traffic = sides.map((side) => side.traffic(4))
  const start = async (canary: string) => {
    for (const [index, side] of sides.entries())
      await side.start(canary, quickPolicy, false, { id: canary, queues, queue: queues[index] ?? '' })
  }
  return { orders, bills, old, traffic, start }
}

async function emptied({ server, handled }: Fleet, sent: number): Promise<void> {
  const seen = () => new Set([...handled.values()].flat()).size
  await eventually(() => server.depth('orders') === 0 && seen() === sent, { what: 'every message to be handled' })
}

describe('workers of two queues that are one rollout', () => {
  it('promote on both, one step after the other, and retire the old version of both', async () => {
    const { orders, bills, old, traffic, start } = await scene()
    await orders.worker('v2').start()
    await bills.worker('v2').start()
    await start('v2')
    await orders.phase('Succeeded', 20_000)
    await bills.phase('Succeeded', 20_000)
    for (const worker of old) expect(await worker.done).toMatchObject({ reason: 'retired' })
    for (const { stop } of traffic) stop()
    await emptied(orders, traffic[0]?.sent() ?? 0)
    await emptied(bills, traffic[1]?.sent() ?? 0)
  })

  it('take both back when one fails, though the other is good', async () => {
    const { orders, bills, traffic, start } = await scene()
    const good = orders.worker('v2')
    await good.start()
    await bills.worker('v2', fail).start()
    await start('v2')
    await bills.phase('RolledBack', 20_000)
    await orders.phase('RolledBack', 20_000)
    expect(await good.done).toMatchObject({ reason: 'retired' })
    const reasons = (await orders.state()).rollout?.history.map(({ why }) => why)
    expect(reasons).toContainEqual(
      expect.stringMatching(/^queue bills of the same rollout was taken back: \d+ messages/),
    )
    expect((await orders.state()).stable).toBe('v1')
    for (const { stop } of traffic) stop()
    await emptied(orders, traffic[0]?.sent() ?? 0)
    await emptied(bills, traffic[1]?.sent() ?? 0)
  })
})
