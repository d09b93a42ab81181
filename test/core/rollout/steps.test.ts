import { describe, expect, it } from 'vitest'
import type { Policy } from '../../../src/core/policy/policy.ts'
import type { Rollout } from '../../../src/core/rollout/rollout.ts'
import { historyLimit } from '../../../src/core/rollout/rollout.ts'
import { transition } from '../../../src/core/rollout/transition.ts'
import { analysisOf, buildPolicy, ceilingMetric, pauseStep, rampStep } from '../../support/build-policy.ts'
import { consumer, counts, facts } from '../../support/build-rollout.ts'
import { look, rolloutIn, say, situationOf } from './situations.ts'

const canary = (succeeded: number, failed = 0) => {
  return facts({ live: 1, ready: 1, undrained: 1, counts: counts({ taken: succeeded + failed, succeeded, failed }) })
}

/** One look after another, each with so many messages handled in all so far. */
function through(
  rollout: Rollout,
  policy: Policy,
  looks: readonly { ok: number; bad?: number; ms?: number }[],
): Rollout {
  return looks.reduce(
    (state, { ok, bad = 0, ms = 100 }) => transition(state, look({ canary: canary(ok, bad) }, ms), policy).state,
    rollout,
  )
}

const overTime = { stepElapsedMs: 1_000 }

describe('the end of a step', () => {
  it('opens the next one at the totals of this look, so that no message belongs to none', () => {
    const policy = buildPolicy({ steps: [rampStep(), rampStep({ weight: 20 })] })
    const state = through(rolloutIn('Progressing', overTime), policy, [{ ok: 30 }])
    expect(state).toMatchObject({ step: 1, stepElapsedMs: 0, stepOrigin: { canary: { succeeded: 30 } } })
  })

  it('needs its own samples, not those of the step before', () => {
    const policy = buildPolicy({ steps: [rampStep(), rampStep({ weight: 20, minSamples: 10 })] })
    const second = through(rolloutIn('Progressing', overTime), policy, [{ ok: 500 }, { ok: 509, ms: 1_000 }])
    expect([second.step, second.why]).toEqual([
      1,
      'step 2 (weight 20 %) is over but lacks data: 9 of 10 samples; extended until progressDeadline at most',
    ])
    expect(through(second, policy, [{ ok: 510 }]).phase).toBe('WaitingPromotion')
  })

  it.each([
    ['extend', 'Progressing'],
    ['pause', 'Paused/insufficientData'],
    ['rollback', 'RollingBack'],
    ['promote', 'WaitingPromotion'],
  ] as const)('without its samples: %s leads to %s', (onInsufficientData, expected) => {
    const policy = buildPolicy({ onInsufficientData })
    expect(situationOf(through(rolloutIn('Progressing', overTime), policy, [{ ok: 0 }]))).toBe(expected)
  })

  it('needs one success, however few its samples and whatever the budget', () => {
    const steps = [rampStep({ minSamples: 3 }), rampStep({ weight: 20 })]
    const first = through(rolloutIn('Progressing', overTime), buildPolicy({ steps }), [{ ok: 0, bad: 3 }])
    expect([first.step, first.why]).toEqual([
      0,
      'step 1 (weight 10 %) is over but lacks data: a success: 3 messages have failed, and none has succeeded; extended until progressDeadline at most',
    ])
    expect(through(first, buildPolicy({ steps }), [{ ok: 1, bad: 3 }]).step).toBe(1)
  })

  it('waits for a measurement of each metric, made in the step, that is successful', () => {
    const policy = buildPolicy({
      analysis: analysisOf([ceilingMetric({ intervalMs: 60_000 }), ceilingMetric({ name: 'dry', dryRun: true })]),
    })
    const opened = through(rolloutIn('Progressing'), policy, [{ ok: 5 }, { ok: 50, ms: 800 }])
    expect(opened.metrics['failure-rate']?.inStep).toBe(0)
    const measured = through(opened, policy, [{ ok: 80, ms: 200 }])
    expect(measured.phase).toBe('WaitingPromotion')
  })

  it('does not pass on a metric that found no data', () => {
    const policy = buildPolicy({
      analysis: analysisOf([ceilingMetric({ measure: 'p99', threshold: { min: undefined, max: 10 } })]),
    })
    const state = through(rolloutIn('Progressing', overTime), policy, [{ ok: 5 }, { ok: 9 }, { ok: 20 }])
    expect([state.phase, state.why]).toEqual([
      'Progressing',
      expect.stringContaining('p99: no message of the canary to measure'),
    ])
  })
})

describe('measurements', () => {
  const policy = buildPolicy({ analysis: analysisOf([ceilingMetric({ intervalMs: 300, failureLimit: 5 })]) })

  it('are made each interval, over what has come since the last', () => {
    const state = through(rolloutIn('Progressing'), policy, [{ ok: 10 }, { ok: 20 }, { ok: 30 }, { ok: 96, bad: 4 }])
    expect(state.metrics['failure-rate']?.last).toMatchObject({ n: 90, value: 4 / 90, verdict: 'successful' })
    const next = through(state, policy, [
      { ok: 96, bad: 5 },
      { ok: 96, bad: 6 },
      { ok: 96, bad: 7 },
    ])
    expect(next.metrics['failure-rate']?.last).toMatchObject({ n: 3, value: 1, verdict: 'failed' })
  })

  it('keep their window open while they are inconclusive', () => {
    const idle = [{ ok: 0 }, { ok: 0 }, { ok: 0 }]
    const state = through(rolloutIn('Progressing'), policy, [...idle, ...idle, { ok: 40 }, { ok: 40 }, { ok: 40 }])
    expect(state.metrics['failure-rate']?.last).toMatchObject({ n: 40, verdict: 'successful' })
  })

  it('leave out what happens before initialDelay is over', () => {
    const cold = buildPolicy({ analysis: analysisOf([ceilingMetric({ initialDelayMs: 500, intervalMs: 100 })]) })
    const state = through(rolloutIn('Progressing'), cold, [
      { ok: 10, bad: 9, ms: 400 },
      { ok: 10, bad: 10, ms: 100 },
      { ok: 40, bad: 10 },
    ])
    expect(state.phase).toBe('Progressing')
    expect(state.metrics['failure-rate']?.last).toMatchObject({ n: 30, value: 0 })
  })

  it('of a metric that is named like a property of objects', () => {
    const odd = buildPolicy({ analysis: analysisOf([ceilingMetric({ name: 'constructor', intervalMs: 100 })]) })
    const state = through(rolloutIn('Progressing'), odd, [{ ok: 10 }, { ok: 20 }])
    expect(state.metrics['constructor']?.last).toMatchObject({ n: 10, verdict: 'successful' })
  })

  it('rest while the canary takes nothing', () => {
    const state = through(rolloutIn('Paused/failure', { metrics: {} }), policy, [{ ok: 1, bad: 1 }])
    expect(state.metrics).toEqual({})
  })
})

describe('a failure', () => {
  const steps = [rampStep({ weight: 5 }), pauseStep(), rampStep({ weight: 10 }), rampStep({ weight: 50 })]
  const failing = analysisOf([ceilingMetric()])
  const judge = (rollout: Rollout, onFailure: Policy['onFailure']) => {
    const policy = buildPolicy({ steps, analysis: failing, onFailure })
    // Not knowing what is handed back keeps it from going on meanwhile.
    const opened = transition(rollout, look({ handBackBacklog: undefined }, 100), policy).state
    return transition(opened, look({ canary: canary(4, 4), handBackBacklog: undefined }, 100), policy).state
  }

  it.each([
    ['rollback', 'Progressing', 3, 'RollingBack', 3],
    ['pause', 'Progressing', 3, 'Paused/failure', 3],
    ['stepBack', 'Progressing', 3, 'Progressing', 2],
    ['stepBack', 'Progressing', 2, 'Progressing', 0],
    ['stepBack', 'Progressing', 0, 'RollingBack', 0],
    ['stepBack', 'Paused/operator', 3, 'Paused/operator', 2],
    ['stepBack', 'WaitingPromotion', 4, 'Progressing', 2],
    ['stepBack', 'Promoting', 4, 'RollingBack', 4],
    ['pause', 'Promoting', 4, 'Paused/failure', 4],
  ] as const)('with %s in %s %s leads to %s %s', (onFailure, situation, step, ...expected) => {
    const state = judge(rolloutIn(situation, { step }), onFailure)
    expect([situationOf(state), state.step]).toEqual(expected)
  })

  it('measures anew after a step back, so that it does not fall through the whole ramp', () => {
    const state = judge(rolloutIn('Progressing', { step: 3 }), 'stepBack')
    expect(state.metrics).toEqual({})
    expect(state.stepOrigin?.canary.failed).toBe(4)
  })

  it.each([
    ['pause', 'Paused/failure'],
    ['stepBack', 'RollingBack'],
    ['rollback', 'RollingBack'],
  ] as const)('of the whole budget with %s leads to %s', (onFailure, expected) => {
    const spent = buildPolicy({ steps, onFailure })
    expect(situationOf(through(rolloutIn('Progressing', { step: 3 }), spent, [{ ok: 0, bad: 25 }]))).toBe(expected)
  })

  it('counts as spent what dead consumers may have failed unseen', () => {
    const state = through(rolloutIn('Progressing', { unaccounted: 20 }), buildPolicy({ steps }), [{ ok: 0, bad: 5 }])
    expect([state.phase, state.why]).toEqual([
      'RollingBack',
      '5 messages failed on the canary and up to 20 more may have, unseen, on consumers that died: the failure budget of 25 is spent',
    ])
  })

  it('that was left over from before does not hold a rollout that has not begun', () => {
    const policy = buildPolicy({
      onFailure: 'pause',
      limits: { maxFailedMessages: 1, maxInFlight: 1, maxReceiveCount: 1 },
    })
    expect(
      situationOf(
        through(rolloutIn('Initialized'), policy, [
          { ok: 0, bad: 1 },
          { ok: 0, bad: 1 },
        ]),
      ),
    ).toBe('Paused/failure')
  })
})

describe('harm', () => {
  const dead = { ...consumer({ inFlight: 3, harmed: 1 }), failures: 6 }
  const seeing = (harmed: number, some: Parameters<typeof facts>[0]) => {
    const seen = { canary: { ...canary(0, harmed), ...some } }
    return (rollout: Rollout) => transition(rollout, look(seen), buildPolicy()).state
  }

  it('is what failed and what died with its consumer, once', () => {
    const once = seeing(2, { dead: [dead] })(rolloutIn('Progressing'))
    const twice = seeing(2, { dead: [dead] })(once)
    expect([once.harmed, once.lost, twice.harmed, twice.lost]).toEqual([5, 3, 5, 3])
  })

  it('is at least one message for a death, and none where none could have been held', () => {
    expect(seeing(0, { dead: [{ ...dead, inFlight: 0 }] })(rolloutIn('Progressing')).lost).toBe(1)
    expect(seeing(0, { dead: [{ ...dead, failures: 1 }] })(rolloutIn('Progressing')).lost).toBe(0)
  })

  it('does not go down when a consumer turns out to live, and is not counted twice when it reports', () => {
    const presumed = seeing(1, { dead: [dead] })(rolloutIn('Progressing'))
    const returned = seeing(1, {})(presumed)
    const failed = seeing(4, {})(returned)
    expect([presumed.harmed, returned.harmed, failed.harmed, seeing(5, {})(failed).harmed]).toEqual([4, 4, 4, 5])
  })
})

describe('the history', () => {
  it('keeps the newest entries, with the numbers behind them', () => {
    const policy = buildPolicy({ progressDeadlineMs: 1e9 })
    let state = rolloutIn('Progressing')
    for (let round = 0; round < historyLimit; round++) {
      state = transition(state, say('pause', { id: `p${round}` }), policy).state
      state = transition(state, say('resume', { id: `r${round}`, reason: `round ${round}` }), policy).state
    }
    expect(state.history).toHaveLength(historyLimit)
    expect(state.history.at(-1)).toMatchObject({
      phase: 'Progressing',
      why: `resumed by an operator: round ${historyLimit - 1}`,
    })
    const spent = through(state, policy, [{ ok: 100, bad: 25 }])
    expect(spent.history.at(-1)).toMatchObject({ phase: 'RollingBack', numbers: { harmed: 25 } })
  })
})

describe('a time in a sentence', () => {
  const policy = buildPolicy({
    steps: [rampStep(), pauseStep(600_000)],
    progressDeadlineMs: 5_400_000,
    drain: { timeoutMs: 90_000, onTimeout: 'handBack' },
  })
  const old = facts({ live: 1, undrained: 1 })

  it.each([
    ['Progressing', overTime, look({ canary: canary(9) }), 'step 1 passed: 9 samples; pause for 10m'],
    ['Paused/step', { stepElapsedMs: 600_000 }, look(), 'the pause of 10m is over; the ramp is complete'],
    [
      'WaitingPromotion',
      { elapsedMs: 5_400_000, why: 'no data' },
      look(),
      'not promoted within progressDeadline (1h 30m); last: no data',
    ],
    [
      'Draining',
      { phaseElapsedMs: 100_000 },
      look({ stable: old }),
      'drain deadline: 1 consumers of v1 still held messages after 1m 30s',
    ],
  ] as const)('of %s is one for people', (situation, before, event, why) => {
    expect(transition(rolloutIn(situation, before), event, policy).state.why).toBe(why)
  })
})
