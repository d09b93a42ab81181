import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { countsSince, firstOutcomes } from '../../../src/core/evidence/counts.ts'
import type { Policy } from '../../../src/core/policy/policy.ts'
import { advance } from '../../../src/core/rollout/advance.ts'
import { queueStateReader } from '../../../src/core/rollout/codec.ts'
import type { Observation } from '../../../src/core/rollout/observation.ts'
import { commandKinds } from '../../../src/core/rollout/queue-state.ts'
import type { Command, QueueState } from '../../../src/core/rollout/queue-state.ts'
import { abortablePhases, historyLimit, isTerminal, legalMoves } from '../../../src/core/rollout/rollout.ts'
import type { Rollout } from '../../../src/core/rollout/rollout.ts'
import { parseWith } from '../../../src/core/schema/reader.ts'
import { arbitraryPolicy } from '../../support/arbitrary-policy.ts'
import { brokenRules, implies } from '../../support/broken-rules.ts'
import { at, buildCommand, buildState, consumer, counts, facts, observation } from '../../support/build-rollout.ts'
import { freezeRules } from './freeze-rules.ts'

const wish = fc.record({ kind: fc.constantFrom(...commandKinds), full: fc.boolean() })

const moment = fc.record({
  sinceMs: fc.oneof(fc.constant(50), fc.integer({ min: 0, max: 3_000 })),
  ok: fc.nat({ max: 60 }),
  bad: fc.oneof({ weight: 8, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: fc.nat({ max: 6 }) }),
  stable: fc.nat({ max: 500 }),
  ready: fc.oneof({ weight: 6, arbitrary: fc.constant(1) }, { weight: 1, arbitrary: fc.nat({ max: 3 }) }),
  stableReady: fc.oneof({ weight: 6, arbitrary: fc.constant(1) }, { weight: 1, arbitrary: fc.constant(0) }),
  undrained: fc.nat({ max: 2 }),
  dies: fc.oneof({ weight: 20, arbitrary: fc.constant(false) }, { weight: 1, arbitrary: fc.constant(true) }),
  backlog: fc.constantFrom(undefined, 0, 5),
  handBackBacklog: fc.oneof(
    { weight: 3, arbitrary: fc.constant(0) },
    { weight: 1, arbitrary: fc.constantFrom(undefined, 4) },
  ),
  reading: fc.option(
    fc.record({
      id: fc.nat({ max: 20 }).map(String),
      ageMs: fc.nat({ max: 4_000 }),
      result: fc.oneof(
        { weight: 6, arbitrary: fc.constant({ kind: 'value', value: 0 } as const) },
        {
          weight: 1,
          arbitrary: fc.constantFrom(
            { kind: 'value', value: 1e6 } as const,
            { kind: 'value', value: Number.NaN } as const,
            { kind: 'noData', why: 'none' } as const,
            { kind: 'error', why: 'away' } as const,
          ),
        },
      ),
    }),
    { nil: undefined, freq: 4 },
  ),
  freeze: fc.oneof(
    { weight: 8, arbitrary: fc.constant(undefined) },
    { weight: 1, arbitrary: fc.constant({ untilMs: undefined, text: 'a freeze' }) },
  ),
  commands: fc.oneof(
    { weight: 6, arbitrary: fc.array(wish, { maxLength: 0 }) },
    { weight: 1, arbitrary: fc.array(wish, { maxLength: 3 }) },
  ),
})
type Moment = typeof moment extends fc.Arbitrary<infer T> ? T : never

/** A queue that is looked at again and again: what its counters say so far. */
class Walk {
  readonly policy: Policy
  state: QueueState & { readonly rollout?: Rollout | undefined } = buildState()
  #ok = 0
  #bad = 0
  #stable = 1e6
  #commands = 0

  constructor(policy: Policy) {
    this.policy = policy
  }

  get rollout(): Rollout {
    if (this.state.rollout === undefined) throw new Error('a rollout is never removed')
    return this.state.rollout
  }

  look(now: Moment): {
    readonly before: Rollout
    readonly after: Rollout
    readonly seen: Observation
    readonly commands: readonly Command[]
  } {
    this.#ok += now.ok
    this.#bad += now.bad
    this.#stable += now.stable
    const before = this.rollout
    const commands = now.commands.map(({ kind, full }) => buildCommand(kind, { id: `${this.#commands++}`, full }))
    const seen = this.#observe(now)
    const pace = { ratePerMs: 0.2, horizonMs: 75, belated: 0 }
    this.state = advance(
      { ...this.state, commands },
      { at, sinceMs: now.sinceMs, seen, pace, policy: this.policy },
    ).state
    return { before, after: this.rollout, seen, commands }
  }

  #observe(now: Moment): Observation {
    const totals = counts({ taken: this.#ok + this.#bad, succeeded: this.#ok, failed: this.#bad })
    const ids = Array.from({ length: now.ready }, (_, index) => `c${index}`)
    const allocated = Object.entries(this.state.allocations.consumers)
    const dead = now.dies
      ? allocated.slice(0, 1).map(([id, { failures }]) => ({ ...consumer({ id, inFlight: 2 }), failures }))
      : []
    const consumers = ids
      .filter((id) => id !== dead[0]?.id)
      .map((id) => consumer({ id, taken: totals.taken, harmed: totals.failed }))
    const ready = consumers.length
    return observation({
      stable: facts({
        live: 1,
        ready: now.stableReady,
        undrained: now.undrained,
        holding: now.undrained,
        counts: counts({ taken: this.#stable }),
      }),
      canary: facts({
        live: ready,
        ready,
        undrained: now.undrained,
        capacity: 10 * ready,
        counts: totals,
        consumers,
        dead,
        eventLoopDelayMs: now.backlog,
      }),
      handBackBacklog: now.handBackBacklog,
      backlog: now.backlog,
      freeze: now.freeze,
      external: now.reading === undefined ? {} : { a: now.reading, constructor: now.reading },
    })
  }
}

const quiet: Moment = {
  sinceMs: 1_000,
  ok: 0,
  bad: 0,
  stable: 0,
  ready: 1,
  stableReady: 1,
  undrained: 1,
  dies: false,
  backlog: undefined,
  reading: undefined,
  handBackBacklog: undefined,
  freeze: undefined,
  commands: [],
}

type Step = ReturnType<Walk['look']>

function moveRules({ before, after }: Step) {
  const path = [before.phase, ...after.history.slice(before.history.length).map(({ phase }) => phase)]
  const hops = path.slice(1).map((to, index) => ({ from: path[index] ?? before.phase, to }))
  return {
    'moves are legal': hops.every(({ from, to }) => from === to || [...legalMoves[from]].some((phase) => phase === to)),
    'every move is in the history': path.at(-1) === after.phase,
    'the history is bounded': after.history.length <= historyLimit,
    'terminal phases absorb': implies(isTerminal(before.phase), after === before),
    'only a pause is held': (after.phase === 'Paused') === (after.hold !== undefined),
  }
}

function bookRules({ before, after }: Step, now: Moment) {
  return {
    'harm never goes down': after.harmed >= before.harmed,
    'all of the time is counted once': isTerminal(before.phase) || after.elapsedMs === before.elapsedMs + now.sinceMs,
  }
}

/** No step is passed without its samples, and none is skipped, unless an operator or the policy says so. */
function stepRules({ before, after, seen, commands }: Step, policy: Policy) {
  const bidden = commands.some(({ kind }) => kind === 'promote') || before.phase === 'Initialized'
  const step = policy.steps[before.step]
  const needed = step?.kind === 'ramp' && policy.onInsufficientData !== 'promote' ? step.minSamples : 0
  const origin = before.stepOrigin?.canary ?? seen.canary.counts
  return {
    'no step is skipped': bidden || after.step <= before.step + 1,
    'no step is passed without samples':
      bidden || after.step <= before.step || firstOutcomes(countsSince(seen.canary.counts, origin)) >= needed,
  }
}

/** A reading is measured by who has not measured it yet, and moves what it is measured by. */
function readingRules({ before, after, seen }: Step, policy: Policy) {
  const external = policy.analysis.metrics.filter(({ kind }) => kind === 'external').map(({ name }) => name)
  const booked = external.filter((name) => Object.hasOwn(before.metrics, name) && Object.hasOwn(after.metrics, name))
  const changed = booked.filter((name) => {
    const last = after.metrics[name]?.last
    return last !== undefined && last !== before.metrics[name]?.last
  })
  return {
    'a reading is measured once': changed.every(
      (name) => after.metrics[name]?.reading !== before.metrics[name]?.reading,
    ),
    'what is measured was read': changed.every((name) => after.metrics[name]?.reading === seen.external[name]?.id),
    'an old reading is not measured': changed.every(
      (name) => (seen.external[name]?.ageMs ?? 0) <= after.stepElapsedMs || after.step !== before.step,
    ),
  }
}

function abortRules({ before, after, commands }: Step) {
  const aborted = commands.some(({ kind }) => kind === 'abort')
  const isOver = after.phase === 'RollingBack' || after.phase === 'RolledBack'
  return {
    'an abort before the commit wins': implies(aborted && abortablePhases.includes(before.phase), isOver),
    'an abort after the commit does nothing': implies(aborted && before.phase === 'Draining', !isOver),
  }
}

/** Nothing lowers the stable version before the commit. */
function laneRules({ after }: Step, { allocations, stable, tombstones }: QueueState, policy: Policy) {
  const { phase, hold } = after
  const committed = phase === 'Draining' || phase === 'Succeeded'
  const buried = [...(committed ? ['v1'] : []), ...(phase === 'RolledBack' ? ['v2'] : [])]
  const leaving = policy.rollbackWindowMs > 0 ? 'none' : 'drain'
  const silent = phase === 'Initialized' || hold === 'failure' || hold === 'insufficientData'
  const slots = Object.values(allocations.consumers).reduce((sum, { concurrency }) => sum + concurrency, 0)
  return {
    'the version in charge changes with the commit': stable === (committed ? 'v2' : 'v1'),
    'the loser is buried': Object.keys(tombstones).join() === buried.join(),
    'the stable version streams until it drains':
      allocations.stable.kind === (phase === 'Draining' ? leaving : 'stream'),
    'a canary that is held for a failure takes nothing': implies(silent, allocations.canary.kind === 'none'),
    'slots do not exceed the lane':
      slots <= (allocations.canary.kind === 'throttled' ? allocations.canary.concurrency : 0),
  }
}

describe('a rollout under random events', () => {
  it('makes legal moves only, loses no harm, passes no step without evidence, and can be written down at any moment', () => {
    const seen = new Set<string>()
    fc.assert(
      fc.property(arbitraryPolicy, fc.array(moment, { maxLength: 80 }), (policy, moments) => {
        const walk = new Walk(policy)
        for (const now of moments) {
          const step = walk.look(now)
          const rules = {
            ...moveRules(step),
            ...bookRules(step, now),
            ...stepRules(step, policy),
            ...readingRules(step, policy),
            ...abortRules(step),
            ...freezeRules(step),
            ...laneRules(step, walk.state, policy),
          }
          expect(brokenRules(rules)).toEqual([])
          seen.add(step.after.hold ?? step.after.phase)
        }
        const written = parseWith(queueStateReader, JSON.parse(JSON.stringify(walk.state)))
        expect(written).toEqual({ ok: true, value: walk.state })
      }),
      { numRuns: 400 },
    )
    const all = [
      'Initialized',
      'Progressing',
      'step',
      'operator',
      'failure',
      'insufficientData',
      'WaitingPromotion',
      'Promoting',
      'Draining',
      'RollingBack',
      'Succeeded',
      'RolledBack',
    ]
    expect(all.filter((name) => !seen.has(name))).toEqual([])
  })

  it('ends within its deadlines when nothing happens any more', () => {
    fc.assert(
      fc.property(arbitraryPolicy, fc.array(moment, { maxLength: 30 }), (policy, moments) => {
        const walk = new Walk(policy)
        for (const now of moments) walk.look(now)
        const deadlines = policy.progressDeadlineMs + policy.drain.timeoutMs + 10_000
        for (let ms = 0; ms <= deadlines + 3_000; ms += quiet.sinceMs) walk.look(quiet)
        expect(isTerminal(walk.rollout.phase)).toBe(true)
      }),
      { numRuns: 200 },
    )
  })
})
