import { describe, expect, it } from 'vitest'
import { isTerminal } from '../../src/core/rollout/rollout.ts'
import { analysisOf, buildPolicy, ceilingMetric, rampStep } from '../support/build-policy.ts'
import { counts } from '../support/build-rollout.ts'
import { emptyQueue, Lab } from './lab.ts'
import type { Member } from './lab.ts'

const story = buildPolicy({
  steps: [rampStep({ weight: 10, durationMs: 2_000, minSamples: 5 }), rampStep({ weight: 50, durationMs: 2_000 })],
  analysis: analysisOf([ceilingMetric({ intervalMs: 500 })]),
  promotion: { workers: 1, durationMs: 500 },
})

/** A queue with one consumer of each version and a rollout that has begun. */
async function begun(policy = story): Promise<{ lab: Lab; stable: Member; canary: Member }> {
  const lab = await Lab.open()
  const [stable, canary] = [lab.add('s1', 'v1'), lab.add('c1', 'v2')]
  await lab.start(policy)
  await lab.run(300)
  return { lab, stable, canary }
}

/** Reports that so many messages more were handled since the last one. */
async function handle(member: Member, { ok = 0, bad = 0 }: { ok?: number; bad?: number }): Promise<void> {
  const { taken, succeeded, failed } = member.report.counts
  await member.beat({ counts: counts({ taken: taken + ok + bad, succeeded: succeeded + ok, failed: failed + bad }) })
}

describe('a rollout', () => {
  it('goes from its start to the end of the old version, on reports alone', async () => {
    const { lab, stable, canary } = await begun()
    for (let passed = 0; passed < 12_000 && !isTerminal((await lab.rollout()).phase); passed += 50) {
      await handle(stable, { ok: 20 })
      await handle(canary, { ok: 2 })
      if ((await lab.rollout()).phase === 'Draining') await stable.beat({ state: 'drained' })
      await lab.run(50)
    }
    const state = await lab.state()
    expect(state).toMatchObject({ stable: 'v2', previous: 'v1', tombstones: { v1: { reason: 'promotedAway' } } })
    const phases = (await lab.rollout()).history.map(({ phase }) => phase)
    expect(phases).toEqual([
      'Initialized',
      'Progressing',
      'Progressing',
      'WaitingPromotion',
      'Promoting',
      'Draining',
      'Succeeded',
    ])
  })

  it('goes back when the canary fails', async () => {
    const { lab, stable, canary } = await begun()
    await handle(stable, { ok: 500 })
    await handle(canary, { ok: 10, bad: 10 })
    await lab.run(1_000)
    expect((await lab.rollout()).phase).toBe('RollingBack')
    await canary.beat({ state: 'drained' })
    await lab.run(100)
    expect(await lab.state()).toMatchObject({
      stable: 'v1',
      tombstones: { v2: { reason: 'rolledBack' } },
      rollout: { phase: 'RolledBack', harmed: 10 },
    })
  })

  it('waits before its promotion for the broker to tell that nothing is handed back', async () => {
    const { lab, stable, canary } = await begun(buildPolicy({ steps: [rampStep({ durationMs: 100 })] }))
    lab.facts = undefined
    await lab.run(6_000)
    await handle(canary, { ok: 50 })
    await handle(stable, { ok: 50 })
    await lab.run(6_000)
    expect((await lab.rollout()).why).toBe('waiting: it is not known how many messages are handed back')
    lab.facts = { ...emptyQueue, handBackBacklog: 2 }
    await lab.run(2_000)
    expect((await lab.rollout()).why).toBe('waiting: 2 messages are handed back and not yet handled')
    lab.facts = { ...lab.facts, handBackBacklog: 0, handBackConsumers: 0 }
    await lab.run(2_000)
    expect((await lab.rollout()).why).toBe('waiting: it is not known how many messages are handed back')
    lab.facts = { ...lab.facts, handBackConsumers: 1 }
    await lab.run(2_000)
    expect((await lab.rollout()).phase).toBe('Draining')
  })
})

describe('the first step', () => {
  it('does not count what passed before its start and was reported late', async () => {
    const lab = await Lab.open()
    const [stable, canary] = [lab.add('s1', 'v1'), lab.add('c1', 'v2')]
    const before = await lab.state()
    await stable.tick()
    await lab.start(buildPolicy({ steps: [rampStep({ weight: 10, durationMs: 3_600_000 })] }))
    const look = async (taken: number, aware: boolean) => {
      await lab.clock.advance(50)
      await canary.beat()
      await stable.beat({ counts: counts({ taken }), ...(aware ? {} : { obeyed: before }) })
      await stable.tick()
      return (await lab.state()).allocations.consumers['c1']?.permits
    }
    for (let round = 0; round < 20; round++) await look(0, false)
    expect((await lab.rollout()).why).toBe('waiting for 1 consumers to take notice of the rollout')
    // A second's worth of 2,000 messages a second arrives with the first report that knows of the rollout.
    expect(await look(2_000, true)).toBe(0)
    expect((await lab.rollout()).phase).toBe('Progressing')
    expect(await look(2_100, true)).toBeLessThanOrEqual(15)
  })

  it('nor what a consumer took that was silent when it began and is heard again', async () => {
    const { fleet, look } = await twoStable()
    await look(true)
    const before = await times(100, () => look(false))
    expect((await fleet.rollout()).phase).toBe('Progressing')
    // The first brings 500 messages at once. A second later a fifth of what has passed since is the canary's.
    const after = await times(20, () => look(true))
    expect(after - before).toBeGreaterThan(30)
    expect(after - before).toBeLessThan(70)
  })

  it('and gives the share of what passes after it at once, whoever was silent before', async () => {
    const { fleet, look } = await twoStable()
    await look(true, false)
    await times(100, () => look(false, false))
    expect((await fleet.rollout()).phase).toBe('Initialized')
    expect(await times(21, () => look(true))).toBeGreaterThan(30)
  })

  it('nor is what came late charged twice where the answer to a decision was lost', async () => {
    const { stable, look } = await twoStable()
    await look(true)
    const before = await times(100, () => look(false))
    Object.assign(stable.store, { fault: 'loseAnswer', only: 'writes' })
    await look(true).catch(() => undefined)
    Object.assign(stable.store, { fault: 'none' })
    expect((await times(40, () => look(true))) - before).toBeGreaterThan(50)
  })
})

/** Two stable consumers with 100 messages a second each; the canary, which comes after a second, uses all its permits. A step of 20 % without end. */
async function twoStable() {
  const fleet = await Lab.open()
  const [stable, other, canary] = [fleet.add('s1', 'v1'), fleet.add('s2', 'v1'), fleet.add('c1', 'v2')]
  const before = await fleet.state()
  await stable.tick()
  await fleet.start(buildPolicy({ steps: [rampStep({ weight: 20, durationMs: 3_600_000 })] }))
  let [ms, permits] = [0, 0]
  /** Resolves to the canary's permits. */
  const look = async (isHeard: boolean, isAware = true): Promise<number> => {
    await fleet.clock.advance(50)
    ms += 50
    const told = { counts: counts({ taken: ms / 10 }), uptimeMs: 1_000 + ms }
    await stable.beat(told).catch(() => undefined)
    if (isHeard) await other.beat({ ...told, ...(isAware ? {} : { obeyed: before }) })
    if (ms > 1_000) await canary.beat({ uptimeMs: ms, counts: counts({ taken: permits }) })
    await stable.tick()
    permits = (await fleet.state()).allocations.consumers['c1']?.permits ?? 0
    return permits
  }
  return { fleet, stable, look }
}

/** Resolves to what the last time brings. */
async function times(count: number, act: () => Promise<number>): Promise<number> {
  let last = 0
  for (let round = 0; round < count; round++) last = await act()
  return last
}

describe('commands', () => {
  it('are carried out once, and taken from the document', async () => {
    const { lab } = await begun()
    await lab.command('pause', 'once')
    await lab.run(100)
    expect(await lab.state()).toMatchObject({ commands: [], rollout: { phase: 'Paused', hold: 'operator' } })
    await lab.command('resume', 'twice')
    await lab.run(100)
    await lab.command('pause', 'once')
    await lab.run(100)
    expect((await lab.rollout()).phase).toBe('Progressing')
  })

  it('that no rollout is there for are refused in the log', async () => {
    const lab = await Lab.open()
    const stable = lab.add('s1', 'v1')
    await stable.tick()
    await lab.command('abort')
    await stable.tick()
    expect((await lab.state()).commands).toEqual([])
    expect(stable.logged.at(-1)).toEqual({ level: 'warn', text: 'abort refused: no rollout runs' })
  })
})

describe('a canary consumer that dies', () => {
  async function dies(held: number) {
    const scene = await begun()
    await handle(scene.canary, { ok: 3 })
    await scene.canary.beat({ inFlight: held })
    await scene.lab.run(200)
    await scene.lab.run(5_900, [scene.stable])
    expect((await scene.lab.rollout()).lost).toBe(0)
    await scene.lab.run(2_000, [scene.stable])
    return scene
  }

  it('is found after its silence, and what it held counts as lost once', async () => {
    const { lab, stable } = await dies(4)
    expect(await lab.rollout()).toMatchObject({ lost: 4, harmed: 4 })
    await lab.run(5_000, [stable])
    expect(await lab.rollout()).toMatchObject({ lost: 4, harmed: 4 })
  })

  it('counts as one failure at least', async () => {
    expect(await (await dies(0)).lab.rollout()).toMatchObject({ lost: 1, harmed: 1 })
  })

  it('is not counted again by the next coordinator', async () => {
    const { lab, stable } = await dies(4)
    await stable.coordinator.release()
    const next = lab.add('s2', 'v1')
    await lab.run(15_000, [stable, next])
    expect((await lab.state()).epoch).toBe(2)
    expect(await lab.rollout()).toMatchObject({ lost: 4, harmed: 4 })
  })

  it('is not counted at all when it signs off', async () => {
    const { lab, stable, canary } = await begun()
    await canary.beat({ inFlight: 4 })
    await canary.beat({ inFlight: 0, state: 'gone' })
    await lab.run(10_000, [stable])
    expect((await lab.rollout()).lost).toBe(0)
  })

  it('is not presumed dead because the store did not answer anybody', async () => {
    const { lab, stable, canary } = await begun()
    await canary.beat({ inFlight: 4 })
    for (const { store } of lab.members) store.fault = 'reject'
    for (let passed = 0; passed < 30_000; passed += 500) {
      await lab.clock.advance(500)
      await stable.tick()
    }
    for (const { store } of lab.members) store.fault = 'none'
    await stable.tick()
    await lab.run(2_000, [stable])
    expect((await lab.rollout()).lost).toBe(0)
    await lab.run(2_000)
    expect((await lab.rollout()).lost).toBe(0)
  })

  it('is not presumed dead because nobody could write for a while', async () => {
    const { lab, stable } = await begun()
    for (const { store } of lab.members) Object.assign(store, { fault: 'reject', only: 'writes' })
    for (let passed = 0; passed < 30_000; passed += 500) {
      await lab.clock.advance(500)
      await stable.tick()
    }
    for (const { store } of lab.members) store.fault = 'none'
    await lab.run(500, [stable])
    await lab.run(2_000)
    expect((await lab.rollout()).lost).toBe(0)
  })
})

describe('reports', () => {
  it('of everybody are kept while a rollout runs, and removed after it', async () => {
    const { lab, stable, canary } = await begun()
    await canary.beat({ state: 'gone' })
    const crashed = lab.add('s2', 'v1')
    await crashed.beat()
    await lab.run(70_000, [stable], 500)
    expect((await lab.records.readReports()).map(({ id }) => id)).toEqual(['c1', 's1', 's2'])
    await lab.command('abort')
    await lab.run(12_000, [stable], 500)
    expect((await lab.rollout()).phase).toBe('RolledBack')
    await lab.run(70_000, [stable], 500)
    expect((await lab.records.readReports()).map(({ id }) => id)).toEqual(['s1'])
  })

  it('that cannot be read any more do not take their counts away', async () => {
    const { lab, stable, canary } = await begun()
    await handle(canary, { ok: 90, bad: 3 })
    await lab.run(100)
    const key = 'default/orders/consumers/c1'
    await lab.shared.put(key, '{"format":1', (await lab.shared.get(key))?.revision)
    await lab.run(1_000, [stable])
    expect(await lab.rollout()).toMatchObject({ harmed: 3, lost: 0, phase: 'Progressing' })
    await lab.run(1_000)
    expect((await lab.rollout()).harmed).toBe(3)
  })
})
