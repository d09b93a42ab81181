import { describe, expect, it } from 'vitest'
import { addStretch } from '../../../src/core/rollout/expected-failures.ts'
import { blamedFailures } from '../../../src/core/rollout/failure-budget.ts'
import type { Rollout } from '../../../src/core/rollout/rollout.ts'
import { buildPolicy } from '../../support/build-policy.ts'
import { consumer, counts, facts, observation } from '../../support/build-rollout.ts'
import { transition } from '../../../src/core/rollout/transition.ts'
import { look, rolloutIn } from './situations.ts'

const policy = buildPolicy({ limits: { maxFailedMessages: 5, maxInFlight: 50, maxReceiveCount: 3 } })

interface Fates {
  readonly failed: number
  readonly rescued?: number
  readonly both?: number
  readonly handsBack?: boolean
  readonly before?: Partial<Rollout>
}

/** One look at a canary that failed some messages, of which the stable version has rescued some and failed some too. */
function after({ failed, rescued = 0, both = 0, handsBack = true, before = {} }: Fates): Rollout {
  const seen = observation({
    handsBack,
    stable: facts({ live: 1, ready: 1, undrained: 1, counts: counts({ rescued, failedOnBoth: both }) }),
    canary: facts({ live: 1, ready: 1, undrained: 1, counts: counts({ taken: failed, failed, handedBack: failed }) }),
  })
  return transition(rolloutIn('Progressing', before), look(seen), policy).state
}

describe('the failure budget', () => {
  it.each<[string, Fates, string]>([
    ['lasts', { failed: 4, rescued: 4 }, 'Progressing'],
    ['is spent when the stable version has rescued them all', { failed: 5, rescued: 5 }, 'RollingBack'],
    ['is not spent while some may turn out to fail there too', { failed: 5, rescued: 4 }, 'Progressing'],
    ['is given back for what failed on both', { failed: 5, rescued: 3, both: 2 }, 'Progressing'],
    ['is spent by the others all the same', { failed: 7, rescued: 5, both: 2 }, 'RollingBack'],
    ['does not wait where nothing is handed back', { failed: 5, handsBack: false }, 'RollingBack'],
    ['does not wait for ever', { failed: 5, rescued: 4, before: { exhaustedMs: 35_000 } }, 'RollingBack'],
  ])('%s', (_, fates, phase) => {
    expect(after(fates).phase).toBe(phase)
  })

  it('that one of several consumers has spent is spent, and the reason names that one', () => {
    const consumers = [consumer({ id: 'a', taken: 90 }), consumer({ id: 'b', taken: 9, harmed: 8 })]
    const canary = facts({ live: 2, ready: 2, counts: counts({ taken: 99, failed: 8, succeeded: 91 }), consumers })
    const { state } = transition(rolloutIn('Progressing'), look({ canary }), policy)
    expect([state.phase, state.why]).toEqual([
      'RollingBack',
      '8 messages failed on the canary: the failure budget of 5 is spent; 8 of 8 failures are of consumer b, which took 9.1 % of the messages: look at that worker',
    ])
  })

  it('is not given back for what an earlier canary has handed back', () => {
    const seen = (failedOnBoth: number, failed: number, handBackBacklog: number) =>
      look(
        observation({
          handBackBacklog,
          handsBack: true,
          stable: facts({ live: 1, ready: 1, undrained: 1, counts: counts({ failedOnBoth }) }),
          canary: facts({ live: 1, ready: 1, undrained: 1, counts: counts({ taken: failed, failed }) }),
        }),
      )
    const waiting = transition(rolloutIn('Initialized'), seen(1, 0, 4), policy).state
    expect([waiting.phase, waiting.why]).toEqual(['Initialized', expect.stringMatching(/4 messages that an earlier/)])
    const begun = transition(waiting, seen(5, 0, 0), policy).state
    const { phase, poison, harmed } = transition(begun, seen(5, 3, 0), policy).state
    expect({ phase, poison, harmed }).toEqual({ phase: 'Progressing', poison: 0, harmed: 3 })
  })

  it('waits for a fate only while it is exhausted', () => {
    const waiting = after({ failed: 5, rescued: 4, before: { exhaustedMs: 100 } })
    expect(waiting.exhaustedMs).toBe(150)
    expect(after({ failed: 5, rescued: 4, both: 1, before: { exhaustedMs: 100 } }).exhaustedMs).toBe(0)
  })
})

describe('failures that a canary no worse than the stable version would have had', () => {
  /** Beside a stable version that failed so many of its messages, a canary that failed so many of its own. */
  function blame(stable: readonly [failed: number, of: number], canary: readonly [failed: number, of: number]): number {
    const side = ([failed, of]: readonly [number, number]) => counts({ failed, succeeded: of - failed })
    const rollout = rolloutIn('Progressing', {
      origin: { stable: counts({}), canary: counts({}) },
      latest: { stable: side(stable), canary: side(canary) },
      harmed: canary[0],
    })
    return blamedFailures(rollout)
  }

  it.each([
    ['the stable version fails nothing', [0, 10_000], [20, 1_000], 20],
    ['little is known of it', [50, 99], [20, 100], 20],
    ['it fails as often', [100, 10_000], [10, 1_000], 0],
    ['it fails as often, over a long ramp', [1_000, 100_000], [500, 50_000], 0],
    ['it fails less often', [100, 10_000], [50, 1_000], 31],
    ['it fails far less often', [10, 10_000], [100, 1_000], 96],
  ] as const)('are not to blame where %s', (_, stable, canary, expected) => {
    expect(blame(stable, canary)).toBe(expected)
  })

  it('are those of an outage that both met, whatever share the canary had meanwhile', () => {
    const none = { stable: counts({}), canary: counts({}) }
    // 900 and 100 messages before it, of which nothing fails; then 3,000 of each, all of which fail; then 900 and 900 again
    const totals = [
      [0, 900, 0, 100],
      [3_000, 900, 3_000, 100],
      [3_000, 1_800, 3_000, 1_000],
    ] as const
    let explained
    for (const [stableFailed, stableGood, failed, good] of totals) {
      const latest = {
        stable: counts({ failed: stableFailed, succeeded: stableGood }),
        canary: counts({ failed, succeeded: good }),
      }
      explained = addStretch(explained, none, latest)
      const rollout = rolloutIn('Progressing', { origin: none, latest, explained, harmed: failed })
      expect(blamedFailures(rollout)).toBe(0)
      const bad = { ...rollout, harmed: failed + 1_000 }
      expect(blamedFailures(bad)).toBeGreaterThan(750)
    }
  })

  it('are expected once of messages whose report was missing for a while', () => {
    const none = { stable: counts({}), canary: counts({}) }
    let explained
    for (const [stable, canary] of [
      [1_000, 1_000],
      [2_000, 0],
      [3_000, 1_000],
    ] as const) {
      const latest = {
        stable: counts({ failed: stable / 2, succeeded: stable / 2 }),
        canary: counts({ failed: canary }),
      }
      explained = addStretch(explained, none, latest)
    }
    expect(explained?.expected).toBe(500)
  })

  it('are counted once with those that failed on both', () => {
    const both = { origin: { stable: counts({}), canary: counts({}) }, harmed: 30, poison: 25 }
    const latest = { stable: counts({ failed: 100, succeeded: 9_900 }), canary: counts({ failed: 30, succeeded: 970 }) }
    expect(blamedFailures(rolloutIn('Progressing', { ...both, latest }))).toBe(5)
  })
})
