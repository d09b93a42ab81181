import type { Mutant } from './mutant.ts'

/** Bugs of a worker. */
export const workerMutants: readonly Mutant[] = [
  {
    name: 'ack-before-handler',
    says: 'a message is acked when its handler begins',
    patches: [
      {
        file: 'src/worker/dispatcher.ts',
        find: 'inFlight.begin(work)\n',
        put: 'inFlight.begin(work)\n    work.delivery.ack()\n',
      },
    ],
    violates: ['settled-with-reason'],
    foundBy: 1,
  },
  {
    name: 'older-document-obeyed',
    says: 'the order of documents is not checked',
    patches: [
      {
        file: 'src/worker/obedience.ts',
        find: "if (order < 0) return { ...memory, doubt: 'older' }",
        put: '',
      },
      {
        file: 'src/worker/obedience.ts',
        find: 'if (order > 0) return',
        put: 'if (order !== 0) return',
      },
    ],
    violates: ['order-kept'],
    foundBy: 62,
  },
  {
    name: 'wall-clock-ttl',
    says: 'the moment when the document was last seen to change is taken by the wall clock',
    patches: [
      {
        file: 'src/worker/watcher.ts',
        find: '{ askedAt, heardAt: this.#options.clock.now() })',
        put: '{ askedAt: this.#options.clock.wall(), heardAt: this.#options.clock.now() })',
      },
    ],
    violates: ['fresh'],
    foundBy: 595,
  },
  {
    name: 'allocation-for-ever',
    says: 'an allocation does not grow old',
    patches: [
      {
        file: 'src/worker/obedience.ts',
        find: 'if (doubt !== undefined || now - changedAt > ttlMs)',
        put: 'if (doubt !== undefined)',
      },
    ],
    violates: ['fresh'],
    foundBy: 595,
  },
  {
    name: 'permits-ignored',
    says: 'concurrency alone bounds what the canary takes',
    patches: [
      {
        file: 'src/worker/throttled-intake.ts',
        find: 'const permitted = (allocation.permits ?? Infinity) - tally.taken',
        put: 'const permitted = Infinity',
      },
    ],
    violates: ['within-allocation', 'share-kept'],
    foundBy: 2,
  },
  {
    name: 'fuse-ignored',
    says: 'a consumer begins messages that may fail beyond its allowance',
    patches: [
      {
        file: 'src/worker/throttled-intake.ts',
        find: 'return failures - tally.spentFailures - inFlight.running.size - this.#coming',
        put: 'return 0 * inFlight.running.size + failures + tally.spentFailures',
      },
    ],
    violates: ['within-allocation', 'budget-kept'],
    foundBy: 17,
  },
  {
    name: 'drain-skipped',
    says: 'a drain reports its end without waiting for what runs',
    patches: [
      {
        file: 'src/worker/drain.ts',
        find: 'let quiet = await becomesQuiet(options, 2 * graceMs)',
        put: 'let quiet = true',
      },
    ],
    violates: ['retirement-needs-proof', 'redelivered-for-a-reason'],
    foundBy: 20,
  },
  {
    name: 'drain-for-ever',
    says: 'handlers have no deadline, and a drain waits for them without one',
    patches: [
      {
        file: 'src/worker/dispatcher.ts',
        find: 'const { clock, handlerTimeoutMs, inFlight } = this.#options',
        put: 'const { clock, inFlight } = this.#options\n    const handlerTimeoutMs = 1e9',
      },
      {
        file: 'src/worker/drain.ts',
        find: 'if (!(await deadline.outlasts(next, keepMs))) return isQuiet()',
        put: 'void deadline\n    void keepMs\n    await next',
      },
      {
        file: 'src/worker/worker.ts',
        find: 'if (!(await within(clock, totalMs, this.done))) {',
        put: 'await this.done\n    if (totalMs < 0) {\n      void clock',
      },
    ],
    violates: ['drain-ends', 'rollout-ends'],
    foundBy: 14,
  },
  {
    name: 'tombstones-lost',
    says: 'a document that is written anew has no tombstones',
    patches: [
      {
        file: 'src/worker/watcher.ts',
        find: 'const fresh = { ...createQueueState(newId(), self.version), previous, tombstones }',
        put: 'const fresh = { ...createQueueState(newId(), self.version), previous }\n    void tombstones',
      },
      {
        file: 'src/records/remembering-records.ts',
        find: '{ ...known.tombstones, ...state.tombstones }',
        put: 'state.tombstones',
      },
    ],
    violates: ['tombstones-kept'],
    foundBy: 363,
  },
  {
    name: 'canary-registers',
    says: 'in solo mode whichever version the store answers first is in charge',
    patches: [{ file: 'src/worker/watcher.ts', find: 'if (!registers) return false', put: 'void registers' }],
    violates: ['rollout-ends', 'stable-registers'],
    foundBy: 2,
  },
  {
    name: 'payload-in-log',
    says: 'what a handler throws is logged as it is',
    patches: [
      {
        file: 'src/worker/describe-thrown.ts',
        find: "const name = identifier(thrown, 'name') ?? 'unnamed'",
        put: "const name = String(thrown) + (identifier(thrown, 'name') ?? 'unnamed')",
      },
    ],
    violates: ['nothing-told'],
    foundBy: 4,
  },
  {
    name: 'attempts-counted-twice',
    says: 'an attempt before a wait at the broker counts as two',
    patches: [
      {
        file: 'src/worker/work.ts',
        find: 'delivery.passage.retried?.attempts ?? 0) + 1',
        put: '2 * (delivery.passage.retried?.attempts ?? 0)) + 1',
      },
    ],
    violates: ['settled-with-reason'],
    foundBy: 16,
  },
  {
    name: 'attempts-forgotten',
    says: 'after a wait at the broker a message begins with its first attempt',
    patches: [
      {
        file: 'src/worker/work.ts',
        find: 'delivery.passage.retried?.attempts ?? 0',
        put: '0',
      },
    ],
    violates: ['backlog-drains', 'nothing-lost'],
    foundBy: 34,
  },
  {
    name: 'batch-begins-late',
    says: 'a canary begins what waited for others of a batch, whatever it has been told since',
    patches: [
      {
        file: 'src/worker/processor.ts',
        find: "return work.role === 'stable' || (!this.#draining && this.#origin.begins)",
        put: 'return true',
      },
    ],
    violates: ['within-allocation'],
    foundBy: 953,
  },
  {
    name: 'accepts-ignored',
    says: 'a handler gets messages of a kind that it does not accept',
    patches: [
      {
        file: 'src/worker/processor.ts',
        find: 'beforeStart(work.delivery.passage, !this.unaccepted.includes(work))',
        put: 'beforeStart(work.delivery.passage, true)',
      },
    ],
    violates: ['accepted-only'],
    foundBy: 8,
  },
  {
    name: 'waiting-burns-attempts',
    says: 'each wait for a version that accepts a message counts as an attempt at it',
    patches: [
      {
        file: 'src/worker/unaccepted.ts',
        find: 'const progress = { attempts, version',
        put: 'const progress = { attempts: attempts + 1, version',
      },
    ],
    violates: ['settled-with-reason'],
    foundBy: 8,
  },
  {
    name: 'answer-is-of-now',
    says: 'what the store answered is taken for the state of the moment when it is read, however long the process stood still since it asked',
    patches: [
      {
        file: 'src/worker/watcher.ts',
        find: 'if (clock.now() - askedAt > allocationTtlMs) return false',
        put: '',
      },
      {
        file: 'src/worker/watcher.ts',
        find: "this.#take({ kind: 'document', state: found.state }, askedAt)",
        put: "this.#take({ kind: 'document', state: found.state })",
      },
    ],
    violates: ['fresh', 'retired-stays-retired', 'stable-floor'],
    foundBy: 674,
  },
]
