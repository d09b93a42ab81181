import { describe, expect, it } from 'vitest'
import type { Rollout } from '../../../src/core/rollout/rollout.ts'
import { buildPolicy } from '../../support/build-policy.ts'
import { counts, facts, observation } from '../../support/build-rollout.ts'
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
