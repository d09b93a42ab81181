import { isDeepStrictEqual } from 'node:util'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { QueueState } from '../../src/core/rollout/queue-state.ts'
import { brokenRules, implies } from '../support/broken-rules.ts'
import { buildPolicy } from '../support/build-policy.ts'
import { Lab } from './lab.ts'
import type { Member } from './lab.ts'

interface Written {
  readonly state: QueueState
  readonly at: number
}

/** Every document that was ever written, with the time, in order. */
function record({ shared, clock }: Lab): readonly Written[] {
  const written: Written[] = []
  const put = shared.put.bind(shared)
  shared.put = async (key, value, expected) => {
    const revision = await put(key, value, expected)
    if (revision !== undefined && key.endsWith('/state'))
      written.push({ state: JSON.parse(value).content, at: clock.now() })
    return revision
  }
  return written
}

async function scene(): Promise<{ lab: Lab; one: Member; two: Member; written: ReturnType<typeof record> }> {
  const lab = await Lab.open()
  const written = record(lab)
  const [one, two] = [lab.add('one', 'v1'), lab.add('two', 'v1')]
  await lab.start()
  lab.add('canary', 'v2')
  await lab.run(500)
  return { lab, one, two, written }
}

describe('a coordinator that was stopped', () => {
  it('finds its write refused when it goes on, and nothing of its decision remains', async () => {
    const { lab, one, two } = await scene()
    const gate = Promise.withResolvers<void>()
    one.store.gate = gate.promise
    await lab.command('pause')
    const stale = one.tick()
    await lab.run(6_000, [two])
    expect(await lab.state()).toMatchObject({ epoch: 2, lease: { holder: 'two' }, rollout: { phase: 'Paused' } })
    await lab.command('resume')
    await lab.run(100, [two])
    const before = await lab.state()
    const told = one.logged.length
    one.store.gate = undefined
    gate.resolve()
    await stale
    expect(await lab.state()).toEqual(before)
    expect(one.logged.length).toBe(told)
    await lab.run(1_000)
    expect(await lab.state()).toMatchObject({ epoch: 2, lease: { holder: 'two' }, rollout: { phase: 'Progressing' } })
  })
})

describe('an abort that is written while a decision is on its way to the store', () => {
  const quick = buildPolicy({ strategy: 'blueGreen', steps: [] })

  it.each([
    ['the commit of the promotion', undefined],
    ['a promotion that an operator wants in full', 'promote'],
  ] as const)('beats %s', async (_, wish) => {
    const lab = await Lab.open()
    const one = lab.add('one', 'v1')
    lab.add('canary', 'v2')
    await lab.start(wish === undefined ? quick : undefined)
    await lab.run(wish === undefined ? 50 : 500)
    while (wish === undefined && (await lab.rollout()).phase !== 'Promoting') await lab.run(50)
    if (wish !== undefined) await lab.command(wish)
    const gate = Promise.withResolvers<void>()
    one.store.gate = gate.promise
    await lab.clock.advance(50)
    const deciding = one.tick()
    await lab.clock.advance(0)
    await lab.command('abort')
    one.store.gate = undefined
    gate.resolve()
    await deciding
    await lab.run(200)
    expect(await lab.state()).toMatchObject({ stable: 'v1', rollout: { phase: expect.stringMatching(/^Roll/) } })
  })

  it('comes too late after the commit, is refused once, and leaves the new version in charge', async () => {
    const lab = await Lab.open()
    const one = lab.add('one', 'v1')
    lab.add('canary', 'v2')
    await lab.start(quick)
    while ((await lab.rollout()).phase !== 'Draining') await lab.run(50)
    await lab.command('abort')
    await lab.run(500)
    expect(await lab.state()).toMatchObject({ stable: 'v2', commands: [] })
    const logged = lab.members.flatMap((member) => member.logged)
    expect(logged.filter(({ text }) => text.startsWith('abort refused'))).toHaveLength(1)
    expect(one.logged).not.toEqual([])
  })
})

describe('watched time', () => {
  it('runs with the clock while somebody looks', async () => {
    const { lab } = await scene()
    const before = (await lab.rollout()).elapsedMs
    await lab.run(10_000)
    expect((await lab.rollout()).elapsedMs - before).toBe(10_000)
  })

  it('does not count the gap between two coordinators', async () => {
    const { lab, one, two } = await scene()
    const before = (await lab.rollout()).elapsedMs
    await lab.run(5_000, [two])
    await lab.run(100, [two])
    await two.coordinator.release()
    await lab.clock.advance(3_000)
    await lab.run(100, [one])
    expect((await lab.state()).epoch).toBe(3)
    expect((await lab.rollout()).elapsedMs - before).toBeLessThanOrEqual(200)
  })

  it('counts next to nothing of the time in which the only coordinator stood still', async () => {
    const { lab, one } = await scene()
    const before = (await lab.rollout()).elapsedMs
    await lab.clock.advance(3_600_000)
    await lab.run(100, [one])
    expect((await lab.rollout()).elapsedMs - before).toBeLessThanOrEqual(2_100)
  })

  it('is not counted twice where the answer to a write was lost', async () => {
    const { lab, one } = await scene()
    const before = (await lab.rollout()).elapsedMs
    for (let round = 0; round < 20; round++) {
      await lab.clock.advance(50)
      one.store.fault = round % 2 === 0 ? 'loseAnswer' : 'none'
      Object.assign(one.store, { only: 'writes' })
      await one.tick()
    }
    expect((await lab.rollout()).elapsedMs - before).toBeLessThanOrEqual(1_000)
  })

  it('does not lose the time of a look whose write met a conflict', async () => {
    const { lab, one, two } = await scene()
    const before = (await lab.rollout()).elapsedMs
    const gate = Promise.withResolvers<void>()
    await lab.clock.advance(50)
    one.store.gate = gate.promise
    const ticking = one.tick()
    await lab.clock.advance(0)
    await lab.change((state) => ({ ...state, commands: [] }))
    one.store.gate = undefined
    gate.resolve()
    await ticking
    await lab.run(50, [one, two])
    expect((await lab.rollout()).elapsedMs - before).toBe(100)
  })
})

const act = fc.record({
  who: fc.nat({ max: 2 }),
  what: fc.constantFrom(
    'tick',
    'tick',
    'tick',
    'tick',
    'beat',
    'release',
    'hold',
    'letGo',
    'reject',
    'loseAnswers',
    'mend',
    'command',
  ),
  ms: fc.constantFrom(0, 0, 10, 50, 50, 500, 2_000, 6_000),
})

interface Run {
  readonly lab: Lab
  readonly pending: Promise<unknown>[]
  readonly gates: Map<Member, PromiseWithResolvers<void>>
  commands: number
}

const deeds: Readonly<Record<string, (member: Member, run: Run) => unknown>> = {
  tick: (member, { pending }) => void pending.push(member.tick()),
  beat: (member, { pending }) => void pending.push(member.beat().catch(() => {})),
  release: (member, { pending }) => void pending.push(member.coordinator.release()),
  hold: (member, { gates }) => {
    const gate = gates.get(member) ?? Promise.withResolvers<void>()
    gates.set(member, gate)
    member.store.gate = gate.promise
  },
  letGo: (member, { gates }) => {
    member.store.gate = undefined
    gates.get(member)?.resolve()
    gates.delete(member)
  },
  reject: (member) => (member.store.fault = 'reject'),
  loseAnswers: (member) => (member.store.fault = 'loseAnswer'),
  mend: (member) => (member.store.fault = 'none'),
  command: (_, run) => run.lab.command(run.commands % 2 === 0 ? 'pause' : 'resume', `${run.commands++}`),
}

/** Each document follows from the one before it: by its holder, by a taker of a new epoch, by a release, or by an operator. */
function successionRules(before: QueueState, after: QueueState) {
  const { epoch, sequence, lease } = after
  const sameEpoch = epoch === before.epoch
  const sameOrder = sameEpoch && sequence === before.sequence
  const unmoved = isDeepStrictEqual([after.rollout, after.allocations], [before.rollout, before.allocations])
  return {
    'a sequence counts on': sameOrder || sequence === before.sequence + 1,
    'an epoch counts on': sameEpoch || epoch === before.epoch + 1,
    'the same order says the same': implies(sameOrder, unmoved),
    'taking the lease decides nothing': sameEpoch || unmoved,
    'an epoch has one hand': !sameEpoch || sameOrder || lease.holder === before.lease.holder,
    'every decision renews the lease': sameOrder || lease.renewals === before.lease.renewals + 1,
  }
}

/** The documents of a run from its start on, two by two. */
function pairs(written: readonly Written[]): readonly (readonly [Written, Written])[] {
  const begun = written.filter(({ state }) => state.rollout !== undefined)
  return begun.slice(1).flatMap((after, index) => {
    const before = begun[index]
    return before === undefined ? [] : [[before, after] as const]
  })
}

describe('two coordinators and a store that delays, refuses and loses answers', () => {
  it('leave one line of documents, each epoch by one hand, and no time that has not passed', async () => {
    let handovers = 0
    await fc.assert(
      fc.asyncProperty(fc.array(act, { minLength: 30, maxLength: 120 }), async (acts) => {
        const { lab, written } = await scene()
        const run: Run = { lab, pending: [], gates: new Map(), commands: 0 }
        for (const { who, what, ms } of acts) {
          const member = lab.members[who]
          if (member !== undefined) await deeds[what]?.(member, run)
          await lab.clock.advance(ms)
        }
        for (const member of lab.members) deeds['letGo']?.(member, run)
        await Promise.all(run.pending)
        for (const [before, after] of pairs(written)) {
          const timed = { 'no time is counted that has not passed': (after.state.rollout?.elapsedMs ?? 0) <= after.at }
          expect(brokenRules({ ...successionRules(before.state, after.state), ...timed })).toEqual([])
        }
        handovers += (await lab.state()).epoch - 1
      }),
      { numRuns: 60 },
    )
    expect(handovers).toBeGreaterThan(5)
  })
})
