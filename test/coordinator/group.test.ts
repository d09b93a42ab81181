import { describe, expect, it } from 'vitest'
import { memoryStore } from '../../adapters/stores/memory/index.ts'
import { buildPolicy, rampStep } from '../support/build-policy.ts'
import { counts } from '../support/build-rollout.ts'
import { manualClock } from '../support/manual-clock.ts'
import { emptyQueue, Lab } from './lab.ts'
import type { Member } from './lab.ts'

const policy = buildPolicy({
  steps: [rampStep({ durationMs: 1_000 }), rampStep({ weight: 50, durationMs: 1_000 })],
  promotion: { workers: 1, durationMs: 3_000 },
})
const queues = ['orders', 'bills']

interface Side {
  readonly lab: Lab
  readonly stable: Member
  readonly canary: Member
}

/** Two queues on one store, a consumer of each version on each. */
async function scene() {
  const [clock, shared] = [manualClock(), memoryStore()]
  const open = async (queue: string): Promise<Side> => {
    const lab = await Lab.open({ clock, shared, queue })
    // Failures are known as such at once, without the fate of what was handed back.
    lab.capabilities = { ...lab.capabilities, handBack: false }
    return { lab, stable: lab.add(`s-${queue}`, 'v1'), canary: lab.add(`c-${queue}`, 'v2') }
  }
  const [orders, bills] = [await open('orders'), await open('bills')]
  const sides = [orders, bills]
  return {
    orders,
    bills,
    clock,
    shared,
    start: ({ lab }: Side) => lab.start(policy, { id: 'g', queues, queue: lab.queue }),
    phases: () => Promise.all(sides.map(async ({ lab }) => (await lab.rollout()).phase)),
    /** Time passes; every canary that `handles` does so with success. */
    run: async (ms: number, handles: readonly Side[] = sides, ticking: readonly Side[] = sides) => {
      for (let passed = 0; passed < ms; passed += 50) {
        await clock.advance(50)
        for (const { stable, canary } of handles) {
          await handle(stable, 20, 0)
          await handle(canary, 2, 0)
        }
        for (const side of ticking) await tick(side, handles.includes(side))
      }
    },
  }
}

/** Who has handled something has beaten already. */
async function tick({ lab }: Side, hasBeaten: boolean): Promise<void> {
  for (const member of lab.members) {
    if (!hasBeaten) await member.beat()
    await member.tick()
  }
}

async function handle(member: Member, ok: number, bad: number): Promise<void> {
  const { taken, succeeded, failed } = member.report.counts
  await member.beat({ counts: counts({ taken: taken + ok + bad, succeeded: succeeded + ok, failed: failed + bad }) })
}

describe('two queues as one rollout', () => {
  it('move a step when both pass, and both commit', async () => {
    const { orders, bills, start, run, phases } = await scene()
    await start(bills)
    await start(orders)
    await run(1_500, [orders])
    expect([(await orders.lab.rollout()).step, (await bills.lab.rollout()).step]).toEqual([0, 0])
    expect((await orders.lab.rollout()).why).toMatch(/^ready; waiting for queue bills \(Progressing, step 1/)
    await run(7_000)
    expect(await phases()).toEqual(['Draining', 'Draining'])
    expect([(await orders.lab.state()).stable, (await bills.lab.state()).stable]).toEqual(['v2', 'v2'])
    expect((await bills.lab.rollout()).history.at(-1)?.why).toContain('queue orders has committed the promotion')
  })

  it.each(['orders', 'bills'] as const)('go back together when %s fails, and the other says why', async (name) => {
    const { start, run, phases, ...sides } = await scene()
    await start(sides.bills)
    await start(sides.orders)
    await run(500)
    await handle(sides[name].canary, 0, 25)
    await run(1_000)
    expect(await phases()).toEqual(['RollingBack', 'RollingBack'])
    const other = name === 'orders' ? sides.bills : sides.orders
    expect((await other.lab.rollout()).why).toBe(
      `queue ${name} of the same rollout was taken back: 25 messages failed on the canary: the failure budget of 25 is spent`,
    )
  })

  it('do not begin while one was not started; what was is taken back after a while', async () => {
    const { bills, start, run } = await scene()
    await start(bills)
    await run(29_000, [], [bills])
    expect((await bills.lab.rollout()).phase).toBe('Initialized')
    await run(2_000, [], [bills])
    expect((await bills.lab.rollout()).phase).toMatch(/^Roll/)
  })

  it('wait while a document cannot be read, and go on when it can', async () => {
    const { orders, bills, start, run, shared } = await scene()
    await start(bills)
    await start(orders)
    await run(300)
    const key = 'default/bills/state'
    const good = (await shared.get(key))?.value ?? ''
    await shared.put(key, '{', (await shared.get(key))?.revision)
    await run(8_000, [orders], [orders])
    const waiting = await orders.lab.rollout()
    expect([waiting.step, waiting.why]).toEqual([0, 'ready; waiting for queue bills (its document cannot be read)'])
    await shared.put(key, good, (await shared.get(key))?.revision)
    await run(9_000)
    expect((await bills.lab.rollout()).phase).toBe('Draining')
    expect((await orders.lab.rollout()).phase).toBe('Draining')
  })

  it('go back when one that has voted for the commit fails before the first queue has committed', async () => {
    const { orders, bills, start, run, phases } = await scene()
    await start(bills)
    await start(orders)
    await run(3_200)
    expect(await phases()).toEqual(['Promoting', 'Promoting'])
    orders.lab.facts = { ...emptyQueue, handBackBacklog: 2 }
    await run(7_000)
    expect((await orders.lab.rollout()).why).toBe('waiting: 2 messages are handed back and not yet handled')
    expect((await bills.lab.rollout()).why).toMatch(/^ready; waiting for queue orders/)
    expect(await phases()).toEqual(['Promoting', 'Promoting'])
    await handle(bills.canary, 0, 25)
    await run(1_000)
    expect(await phases()).toEqual(['RollingBack', 'RollingBack'])
    expect((await orders.lab.rollout()).history.at(-1)?.why).toMatch(/^queue bills has to go back: 25 messages/)
    expect([(await orders.lab.state()).stable, (await bills.lab.state()).stable]).toEqual(['v1', 'v1'])
  })
})
