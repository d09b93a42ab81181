import type { Mutant } from './mutant.ts'

/** Bugs of the coordinator, of what it decides by, and of the records. */
export const decisionMutants: readonly Mutant[] = [
  {
    name: 'sequence-ignored',
    says: 'documents are ordered by their epoch alone',
    patches: [
      {
        file: 'src/core/rollout/order.ts',
        find: 'return a.epoch - b.epoch || a.sequence - b.sequence',
        put: 'return a.epoch - b.epoch',
      },
    ],
    violates: [
      'counters-grow',
      'good-is-promoted',
      'rollout-ends',
      'backlog-drains',
      'nothing-lost',
      'fenced',
      'order-kept',
    ],
    foundBy: 4,
  },
  {
    name: 'swept-is-counted',
    says: 'a coordinator goes on counting the reports that it has swept',
    patches: [
      {
        file: 'src/coordinator/coordinator.ts',
        find: '        this.#roster.forget(id)\n',
        put: '',
      },
    ],
    violates: ['counters-grow'],
    foundBy: 1013,
  },
  {
    name: 'swept-by-others-is-counted',
    says: 'a coordinator goes on counting the reports that another one has swept since it led',
    patches: [
      {
        file: 'src/coordinator/coordinator.ts',
        find: '    this.#roster.forgetAllBut(reports, watched)\n    this.#pace.reset()',
        put: '    this.#pace.reset()',
      },
    ],
    violates: ['counters-grow'],
    foundBy: 1243,
  },
  {
    name: 'harm-goes-down',
    says: 'counters go down when a dead consumer comes back',
    patches: [
      {
        file: 'src/core/rollout/measure.ts',
        find: 'harmed: Math.max(rollout.harmed, harmedSince(totals.canary, origin.canary) + lost),',
        put: 'harmed: harmedSince(totals.canary, origin.canary) + lost,',
      },
    ],
    violates: ['counters-grow'],
    foundBy: 117,
  },
  {
    name: 'nan-passes',
    says: 'a value that is no number is within every bound',
    patches: [
      {
        file: 'src/core/evidence/external.ts',
        find: 'if (!Number.isFinite(value))',
        put: 'if (value === Infinity)',
      },
      {
        file: 'src/core/evidence/external.ts',
        find: 'const within = isWithin(value, threshold)',
        put: 'const within = isWithin(value, threshold) || Number.isNaN(value)',
      },
    ],
    violates: ['evidence-before-promotion', 'rollout-ends'],
    foundBy: 133,
  },
  {
    name: 'missing-data-passes',
    says: 'a metric without a measurement lets a step pass',
    patches: [
      {
        file: 'src/core/rollout/judge.ts',
        find: 'if (state === undefined || state.inStep === 0) return `${open.name} has no measurement in this step`',
        put: 'if (state === undefined || state.inStep === 0) return undefined',
      },
    ],
    violates: ['evidence-before-promotion'],
    foundBy: 10,
  },
  {
    name: 'samples-ignored',
    says: 'a step passes without its samples',
    patches: [
      {
        file: 'src/core/rollout/judge.ts',
        find: 'if (samples < step.minSamples) return',
        put: 'if (samples < 0) return',
      },
    ],
    violates: ['evidence-before-promotion'],
    foundBy: 2,
  },
  {
    name: 'step-cut-short',
    says: 'a step passes as soon as it has its samples, as when its timer fires at once',
    patches: [
      {
        file: 'src/core/rollout/steps.ts',
        find: 'if (rollout.stepElapsedMs < step.durationMs) return stay(rollout)',
        put: '',
      },
    ],
    violates: ['evidence-before-promotion'],
    foundBy: 8,
  },
  {
    name: 'grants-ignore-use',
    says: 'permits are granted without regard to those that are not used yet',
    patches: [
      {
        file: 'src/core/allocation/permits.ts',
        find: 'const open = Math.floor(due - forgone - law.canary - law.unused + tolerance)',
        put: 'const open = law.burst',
      },
    ],
    violates: ['share-kept'],
    foundBy: 41,
  },
  {
    name: 'budget-given-twice',
    says: 'failures that were granted and not reported yet are granted again',
    patches: [
      {
        file: 'src/core/allocation/grants.ts',
        find: 'const left = maxFailedMessages - blamedFailures(rollout) - rollout.unaccounted - exposed',
        put: 'const left = maxFailedMessages + 0 * exposed - blamedFailures(rollout) - rollout.unaccounted',
      },
    ],
    violates: ['budget-kept'],
    foundBy: 25,
  },
  {
    name: 'no-cap',
    says: "a step's concurrency is given to each consumer",
    patches: [
      {
        file: 'src/core/allocation/allocate.ts',
        find: "lanes.canary.kind === 'throttled' ? lanes.canary.concurrency : 0,",
        put: "lanes.canary.kind === 'throttled' ? Infinity : 0,",
      },
    ],
    violates: ['divided-exactly', 'nothing-unhandled'],
    foundBy: 1,
  },
  {
    name: 'unfenced-write',
    says: 'a coordinator writes over what somebody else wrote meanwhile',
    patches: [
      {
        file: 'src/records/queue-records.ts',
        find: "store.put(stateKey, encode('queue', state), expected)",
        put: "overwrite(store, stateKey, encode('queue', state), expected)",
      },
    ],
    violates: ['counters-grow', 'fenced', 'moves-are-legal', 'abort-dominates'],
    foundBy: 21,
  },
  {
    name: 'abort-forgotten',
    says: 'a coordinator drops the commands that came while it decided',
    patches: [
      {
        file: 'src/core/rollout/command.ts',
        find: "case 'abort':\n      return abort(rollout, wish, at)",
        put: "case 'abort':\n      return rollout.phase === 'Promoting' ? { state: rollout, effects: [] } : abort(rollout, wish, at)",
      },
    ],
    violates: ['abort-dominates'],
    foundBy: 47,
  },
  {
    name: 'retired-unproven',
    says: 'the old version is retired while it still holds messages',
    patches: [
      {
        file: 'src/core/rollout/transition.ts',
        find: 'if (undrained === 0 && rollout',
        put: 'if (undrained >= 0 && rollout',
      },
    ],
    violates: ['retirement-needs-proof'],
    foundBy: 20,
  },
  {
    name: 'retired-goes-on',
    says: 'a version that is neither in charge nor on trial takes messages',
    patches: [
      {
        file: 'src/core/allocation/assignment.ts',
        find: "return version === state.stable ? ({ kind: 'stream' } as const) : undefined",
        put: "return { kind: 'stream' } as const",
      },
    ],
    violates: ['retired-stays-retired', 'two-versions'],
    foundBy: 2,
  },
  {
    name: 'past-believed',
    says: 'a store that went back in time takes a promotion back',
    patches: [
      {
        file: 'src/records/remembering-records.ts',
        find: 'lacksCommand(state, known) : order < 0',
        put: 'lacksCommand(state, known) : order < -1e9',
      },
    ],
    violates: ['backlog-drains', 'nothing-lost', 'retired-stays-retired', 'promotion-stands'],
    foundBy: 175,
  },
  {
    name: 'past-written',
    says: 'a worker writes what it knows over what is newer',
    patches: [
      {
        file: 'src/records/remembering-records.ts',
        find: 'lacksCommand(state, known) : order < 0',
        put: 'lacksCommand(state, known) : order < 0 || (order > 0 && state.sequence % 40 === 7)',
      },
    ],
    violates: ['counters-grow', 'fenced', 'moves-are-legal'],
    foundBy: 1,
  },
  {
    name: 'canary-leads',
    says: 'the canary version coordinates its own trial',
    patches: [
      {
        file: 'src/coordinator/coordinator.ts',
        find: 'if (version === state.stable) return true',
        put: 'if (version !== "") return true',
      },
      {
        file: 'src/coordinator/coordinator.ts',
        find: 'return !isStable && this.#stableLives(state, watched)',
        put: 'return false',
      },
    ],
    violates: ['stable-leads'],
    foundBy: 220,
  },
]
