import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { advance } from '../../../src/core/rollout/advance.ts'
import { peerIn, withWithdrawal } from '../../../src/core/rollout/group.ts'
import { commandKinds, createQueueState } from '../../../src/core/rollout/queue-state.ts'
import type { Command, QueueState } from '../../../src/core/rollout/queue-state.ts'
import { abortablePhases, isTerminal } from '../../../src/core/rollout/rollout.ts'
import type { Rollout } from '../../../src/core/rollout/rollout.ts'
import { startRollout } from '../../../src/core/rollout/start.ts'
import { buildPolicy, rampStep } from '../../support/build-policy.ts'
import { at, counts, facts, observation } from '../../support/build-rollout.ts'

const queues = ['a', 'b', 'c']
const policy = buildPolicy({
  steps: [rampStep({ durationMs: 200 }), rampStep({ weight: 50, durationMs: 200 })],
  limits: { maxFailedMessages: 3, maxInFlight: 50, maxReceiveCount: 3 },
  promotion: { workers: 1, durationMs: 200 },
  progressDeadlineMs: 60_000,
})

const act = fc.record({
  who: fc.nat({ max: 2 }),
  what: fc.oneof(
    { weight: 60, arbitrary: fc.constant('look' as const) },
    { weight: 30, arbitrary: fc.constantFrom('read' as const, 'decide' as const, 'write' as const) },
    { weight: 1, arbitrary: fc.constant('command' as const) },
  ),
  fails: fc.oneof({ weight: 60, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: fc.constant(3) }),
  ready: fc.oneof({ weight: 9, arbitrary: fc.constant(1) }, { weight: 1, arbitrary: fc.constant(0) }),
  sinceMs: fc.constantFrom(50, 200, 200, 2_000),
  command: fc.record({ kind: fc.constantFrom(...commandKinds), full: fc.boolean() }),
})
type Act = typeof act extends fc.Arbitrary<infer T> ? T : never

interface Moment {
  readonly fails: number
  readonly ready: number
  readonly sinceMs: number
}

/** A decision that was made and is not written yet. */
interface Pending {
  readonly from: QueueState
  readonly next: QueueState
  readonly withdraws: readonly { readonly queue: string; readonly why: string }[]
}

/** Documents of three queues, whose coordinators read, decide and write at moments of their own. */
class GroupWalk {
  readonly documents = new Map<string, QueueState>()
  readonly #views = new Map<string, Map<string, QueueState>>()
  readonly #pending = new Map<string, Pending>()
  readonly #failed = new Map<string, number>()
  readonly #taken = new Map<string, number>()
  withdrawals = 0
  #commands = 0

  /** `late`: all are in their promotion already. */
  constructor(late: boolean) {
    for (const queue of queues) {
      const wish = { id: `r-${queue}`, canary: 'v2', policyDigest: 'd', at, force: false }
      const started = startRollout(createQueueState('g1', 'v1'), { ...wish, group: { id: 'g', queues, queue } })
      if (!started.ok) throw new Error(started.why)
      const { rollout } = started.state
      const promoting = rollout && ({ ...rollout, phase: 'Promoting', step: policy.steps.length } as const)
      this.documents.set(queue, late ? { ...started.state, rollout: promoting } : started.state)
      this.#views.set(queue, new Map())
    }
  }

  rollouts(): readonly Rollout[] {
    return queues.map((queue) => this.#rollout(queue))
  }

  act(now: Act): void {
    const queue = queues[now.who] ?? 'a'
    if (now.what === 'look') this.look(queue, now)
    else if (now.what === 'read') this.read(queue)
    else if (now.what === 'decide') this.decide(queue, now)
    else if (now.what === 'write') this.write(queue)
    else this.#command(queue, now.command)
  }

  look(queue: string, now: Moment): void {
    this.read(queue)
    this.decide(queue, now)
    this.write(queue)
  }

  /** What the coordinator of a queue knows of the others until it reads again. */
  read(queue: string): void {
    for (const other of queues) {
      const document = this.documents.get(other)
      if (other !== queue && document !== undefined) this.#views.get(queue)?.set(other, document)
    }
  }

  decide(queue: string, { fails, ready, sinceMs }: Moment): void {
    const from = this.documents.get(queue)
    if (from === undefined) return
    const failed = (this.#failed.get(queue) ?? 0) + fails
    const taken = (this.#taken.get(queue) ?? 0) + 10
    this.#failed.set(queue, failed)
    this.#taken.set(queue, taken)
    const seenOf = [...(this.#views.get(queue) ?? [])].map(
      ([other, state]) => [other, peerIn(state, 'g', 'v2')] as const,
    )
    const seen = observation({
      canary: facts({
        live: 1,
        ready,
        capacity: 10,
        counts: counts({ taken: taken + failed, succeeded: taken, failed }),
      }),
      peers: Object.fromEntries(seenOf),
    })
    const { state, effects } = advance(from, {
      at,
      sinceMs,
      seen,
      pace: { ratePerMs: 0.1, horizonMs: 75, belated: 0 },
      policy,
    })
    const withdraws = effects.flatMap((effect) => (effect.kind === 'withdraw' ? [effect] : []))
    this.#pending.set(queue, { from, next: { ...state, sequence: from.sequence + 1 }, withdraws })
  }

  /** Compare-and-set. */
  write(queue: string): void {
    const pending = this.#pending.get(queue)
    this.#pending.delete(queue)
    if (pending === undefined || this.documents.get(queue) !== pending.from) return
    this.documents.set(queue, pending.next)
    for (const { queue: lead, why } of pending.withdraws) {
      const asked = withWithdrawal(this.#document(lead), this.#rollout(queue), why)
      if (asked === undefined) continue
      this.documents.set(lead, asked)
      this.withdrawals++
    }
  }

  #command(queue: string, { kind, full }: Pick<Command, 'kind' | 'full'>): void {
    const state = this.#document(queue)
    const id = `${this.#commands++}`
    const wish = { id, rollout: `r-${queue}`, kind, full, reason: '' }
    this.documents.set(queue, { ...state, commands: [...state.commands, wish] })
  }

  #document(queue: string): QueueState {
    const document = this.documents.get(queue)
    if (document === undefined) throw new Error(`no document of ${queue}`)
    return document
  }

  #rollout(queue: string): Rollout {
    const { rollout } = this.#document(queue)
    if (rollout === undefined) throw new Error(`no rollout of ${queue}`)
    return rollout
  }
}

function endsOf(walk: GroupWalk): readonly string[] {
  const ends = walk.rollouts().map(({ phase }) => {
    if (phase === 'RollingBack' || phase === 'RolledBack') return 'back'
    return abortablePhases.includes(phase) ? 'open' : 'committed'
  })
  return [...new Set(ends)]
}

describe('three queues as one rollout, whose coordinators see each other late', () => {
  it('all commit or all go back, whatever fails, whoever is slow, and whatever operators say to one of them', () => {
    const seen = { committed: 0, back: 0, committedEarly: 0, withdrawals: 0 }
    fc.assert(
      fc.property(fc.array(act, { minLength: 20, maxLength: 200 }), fc.boolean(), (acts, late) => {
        const walk = new GroupWalk(late)
        for (const now of acts) {
          walk.act(now)
          expect(endsOf(walk)).not.toEqual(expect.arrayContaining(['back', 'committed']))
        }
        const beforeQuiet = endsOf(walk)
        for (let round = 0; round < 120; round++) {
          for (const queue of queues) {
            walk.look(queue, { fails: 0, ready: 1, sinceMs: 1_000 })
          }
        }
        expect(walk.rollouts().every(({ phase }) => isTerminal(phase))).toBe(true)
        expect(endsOf(walk)).toHaveLength(1)
        if (endsOf(walk)[0] === 'committed') seen.committed++
        else seen.back++
        if (beforeQuiet.includes('committed')) seen.committedEarly++
        seen.withdrawals += walk.withdrawals
      }),
      { numRuns: 600 },
    )
    for (const count of Object.values(seen)) expect(count).toBeGreaterThan(2)
    console.log('groups:', seen)
  })
})
