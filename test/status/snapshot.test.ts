import { describe, expect, it } from 'vitest'
import type { Phase } from '../../src/core/rollout/rollout.ts'
import { statusOf } from '../../src/status/snapshot.ts'
import { counts, input, now, policyFrom, rampPolicy, report, rollout, secondStep, state } from './fixtures.ts'

const notCompared = { statistic: null, pValue: null }

const acceptsAll = { accepts: null, unaccepted: 0, waiting: 0 }

describe('statusOf', () => {
  it('gives the example of the interface, key by key', () => {
    const { workers, steps, ...status } = statusOf(secondStep())
    expect(status).toEqual({
      queue: 'orders',
      namespace: 'default',
      phase: 'Progressing',
      hold: null,
      why: 'step 1 passed: 10 samples; step 2: weight 10 %',
      strategy: 'canary',
      rollout: 'r1',
      generation: 'g1',
      epoch: 7,
      sequence: 41,
      coordinator: 'w1',
      current: 'v1',
      stable: {
        version: 'v1',
        state: 'Current',
        workers: 1,
        inFlight: 8,
        capacity: 10,
        outcomes: counts({ taken: 1_900, succeeded: 1_896, failed: 4, deadLettered: 1, rescued: 2 }),
        ...acceptsAll,
      },
      canary: {
        version: 'v2',
        state: 'Ramping',
        workers: 1,
        inFlight: 4,
        capacity: 10,
        outcomes: counts({ taken: 110, succeeded: 107, failed: 2, timedOut: 1, handedBack: 3 }),
        ...acceptsAll,
      },
      step: {
        index: 1,
        of: 4,
        weight: { target: 10, measured: 10 },
        concurrency: 4,
        delayMs: 0,
        elapsedMs: 61_000,
        remainingMs: 239_000,
      },
      group: null,
      freeze: null,
      rollbackWindow: null,
      harmed: 3,
      policyDigest: 'sha256:00',
      analysis: [
        {
          metric: 'failure-budget',
          verdict: 'successful',
          value: 3,
          ...notCompared,
          bound: 25,
          n: 110,
          stable: { n: 1_900, failed: 4 },
          canary: { n: 110, failed: 3 },
          why: '3 of at most 25 messages failed on the canary, of n=110',
        },
        {
          metric: 'failure-ceiling',
          verdict: 'successful',
          value: 0.027,
          ...notCompared,
          bound: 0.05,
          n: 107,
          stable: { n: 1_900, failed: 4 },
          canary: { n: 110, failed: 3 },
          why: 'failureRate 2.7 % of n=107 is within max 5 %; failed measurements: 1, limit 2',
        },
        {
          metric: 'slow',
          verdict: 'inconclusive',
          value: null,
          ...notCompared,
          bound: 200,
          n: 0,
          stable: { n: 1_900, failed: 4 },
          canary: { n: 110, failed: 3 },
          why: 'no measurement yet (dry run: shown only)',
        },
      ],
      history: secondStep().state.rollout?.history,
    })
    expect(steps.map((step) => [step.kind, step.state, step.weight, step.measured])).toEqual([
      ['ramp', 'passed', 1, 0.99],
      ['ramp', 'running', 10, 10],
      ['pause', 'ahead', null, null],
      ['ramp', 'ahead', 50, null],
    ])
    expect(workers.map(({ id, alive, failures }) => [id, alive, failures])).toEqual([
      ['w1.a.v1', true, 4],
      ['w2.b.v2', true, 3],
    ])
  })

  it('tells a step that has passed from those that an operator skipped', () => {
    const second = secondStep()
    const inFull = {
      at: '2030-01-01T12:00:00.000Z',
      elapsedMs: 190_000,
      phase: 'Promoting',
      step: 4,
      why: 'promoted in full by an operator: the rest of the ramp is skipped',
      numbers: {},
    } as const
    const history = [...(second.state.rollout?.history ?? []), inFull]
    const promoted = state({ rollout: rollout({ phase: 'Promoting', step: 4, history }) })
    const { steps } = statusOf({ ...second, state: promoted })
    expect(steps.map((step) => step.state)).toEqual(['passed', 'skipped', 'skipped', 'skipped'])
  })

  it('takes a step for passed only where it has its samples, and a pause also where an operator ended it', () => {
    const entry = (phase: Phase, step: number) => ({ at: '', elapsedMs: 0, phase, step, why: '', numbers: {} })
    const history = [entry('Progressing', 0), entry('Progressing', 1), entry('Paused', 2), entry('Progressing', 3)]
    const by = state({ rollout: rollout({ phase: 'Progressing', step: 3, history }) })
    const { steps } = statusOf(input({ policy: rampPolicy, state: by }))
    expect(steps.map((step) => step.state)).toEqual(['skipped', 'skipped', 'passed', 'running'])
  })

  it('survives JSON: nothing undefined, nothing that is no number', () => {
    for (const status of [
      statusOf(secondStep()),
      statusOf(input({})),
      statusOf(input({ state: state({ rollout: rollout({}) }) })),
    ])
      expect(JSON.parse(JSON.stringify(status))).toEqual(status)
  })

  it('without a rollout has no phase, and counts from the start of the consumers', () => {
    const reports = [report({ version: 'v1', counts: counts({ taken: 5, succeeded: 5 }) })]
    const status = statusOf(input({ reports }))
    expect(status).toMatchObject({
      phase: null,
      canary: null,
      step: null,
      rollout: null,
      analysis: [],
      steps: [],
      history: [],
    })
    expect(status.stable).toMatchObject({ version: 'v1', state: 'Current', workers: 1 })
    expect(status.stable.outcomes.succeeded).toBe(5)
  })

  it('counts nothing for a rollout that no coordinator has looked at', () => {
    const reports = [report({ version: 'v1', counts: counts({ taken: 5, succeeded: 5 }) })]
    const status = statusOf(input({ reports, state: state({ rollout: rollout({}) }), policy: rampPolicy }))
    expect(status.stable.outcomes).toEqual(counts({}))
    expect(status.analysis[0]).toMatchObject({ metric: 'failure-budget', verdict: 'inconclusive', value: 0 })
    expect(status.step).toBeNull()
  })

  it('counts gone consumers and shows them as not living', () => {
    const reports = [
      report({ version: 'v1', id: 'a', counts: counts({ succeeded: 3 }), state: 'gone', capacity: 7, inFlight: 1 }),
      report({ version: 'v1', id: 'b', counts: counts({ succeeded: 4 }), at: now - 10_000, capacity: 7 }),
      report({ version: 'v1', id: 'c', counts: counts({ succeeded: 5 }), at: now - 9_999, capacity: 7, inFlight: 2 }),
    ]
    const { stable, workers } = statusOf(input({ reports }))
    expect(stable).toMatchObject({ workers: 1, capacity: 7, inFlight: 2 })
    expect(stable.outcomes.succeeded).toBe(12)
    expect(workers.map(({ alive }) => alive)).toEqual([false, false, true])
  })

  it('keeps the counts of a rollout whose reports are removed', () => {
    const latest = { stable: counts({ taken: 90, rescued: 2 }), canary: counts({ taken: 9, failed: 2 }) }
    const origin = { stable: counts({ taken: 40 }), canary: counts({ taken: 4 }) }
    const ended = state({ rollout: rollout({ phase: 'RolledBack', origin, latest, harmed: 2 }) })
    const reports = [report({ version: 'v1', counts: counts({ taken: 95, rescued: 1 }) })]
    const status = statusOf(input({ reports, state: ended, policy: rampPolicy }))
    expect(status.canary?.outcomes).toEqual(counts({ taken: 5, failed: 2 }))
    expect(status.stable.outcomes).toEqual(counts({ taken: 55, rescued: 2 }))
  })

  it('has a spent budget failed, and says how many were held by the dead', () => {
    const base = secondStep()
    const spent = { ...base.state, rollout: rollout({ ...base.state.rollout, harmed: 25, lost: 2 }) }
    expect(statusOf({ ...base, state: spent }).analysis[0]).toMatchObject({
      verdict: 'failed',
      why: '25 of at most 25 messages failed on the canary, of n=110, 2 of them held by a consumer that died',
    })
  })

  it('does without a policy that cannot be read', () => {
    const status = statusOf({ ...secondStep(), policy: undefined })
    expect(status).toMatchObject({
      phase: 'Progressing',
      strategy: null,
      step: null,
      steps: [],
      analysis: [],
      harmed: 3,
    })
  })

  it('adds up what living consumers do not accept', () => {
    const contract = { header: 'schema', range: '>=2 <4', unaccepted: 7, waiting: 2 }
    const reports = [
      report({ version: 'v1', id: 'a', contract }),
      report({ version: 'v1', id: 'b', contract: { ...contract, waiting: 3 } }),
      report({ version: 'v1', id: 'c', contract, state: 'gone' }),
    ]
    expect(statusOf(input({ reports })).stable).toMatchObject({
      accepts: { header: 'schema', range: '>=2 <4' },
      unaccepted: 14,
      waiting: 5,
    })
  })

  it('tells of a freeze only while it holds something, and of the version that stays warm', () => {
    const freeze = [{ days: ['tue'], reason: 'audit' }]
    const frozen = { policy: policyFrom({ freeze }), state: state({ rollout: rollout({ phase: 'Progressing' }) }) }
    expect(statusOf(input(frozen)).freeze).toEqual({
      until: '2030-01-02T00:00:00.000Z',
      why: 'a freeze until 2030-01-02 00:00 UTC (audit)',
    })
    const forced = { ...frozen, state: state({ rollout: rollout({ phase: 'Progressing', ignoresFreeze: true }) }) }
    const over = { ...frozen, state: state({ rollout: rollout({ phase: 'Draining' }) }) }
    expect([statusOf(input(forced)).freeze, statusOf(input(over)).freeze]).toEqual([null, null])
    const standby = { version: 'v0', leftMs: 90_000 }
    const tombstones = { v0: { reason: 'promotedAway', at: '' } } as const
    const warm = statusOf(
      input({
        state: state({ standby, tombstones, rollout: rollout({ phase: 'Succeeded', stable: 'v0', canary: 'v1' }) }),
      }),
    )
    expect(warm).toMatchObject({ rollbackWindow: { version: 'v0', remainingMs: 90_000 }, stable: { state: 'Drained' } })
  })
})
