import { assignmentFor } from '../core/allocation/assignment.ts'
import type { Assignment } from '../core/allocation/assignment.ts'
import { compareOrder } from '../core/rollout/order.ts'
import { bridged } from '../core/allocation/permits.ts'
import type { Order } from '../core/rollout/order.ts'
import type { QueueState } from '../core/rollout/queue-state.ts'

/** What a consumer remembers between looks at the queue's document. */
export interface Memory {
  /** The newest order that was obeyed, and what it said for this consumer. */
  readonly obeyed: Order | undefined
  readonly assignment: Assignment
  /** Why the document is not believed at present. */
  readonly doubt: Doubt | undefined
  /** What changes with every write of a coordinator, and when it was last seen to change, on the local monotonic clock. */
  readonly mark: string | undefined
  readonly changedAt: number | undefined
  /** When the answer that told of it was there: what is granted is granted from then on. */
  readonly heardAt: number | undefined
}

/** A look on the local monotonic clock: an answer is as old as its question. */
export interface Moment {
  readonly askedAt: number
  readonly heardAt: number
}

/**
 * `older`: the document is older than one obeyed before. `contradiction`: the same order says something else now. `generation`: another
 * document has taken the place of the one that was obeyed, and asks for something new. `missing`, `invalid`: there is nothing to obey.
 */
export type Doubt = 'older' | 'contradiction' | 'generation' | 'missing' | 'invalid'

export const unaware: Memory = {
  obeyed: undefined,
  assignment: { kind: 'idle' },
  doubt: undefined,
  mark: undefined,
  changedAt: undefined,
  heardAt: undefined,
}

/** The newest document that could be read, or why there is none. */
export type Look = { readonly kind: 'document'; readonly state: QueueState } | { readonly kind: 'missing' | 'invalid' }

export interface Self {
  readonly id: string
  readonly version: string
}

/**
 * Takes a look into account. Nothing lower than what was obeyed is ever obeyed. A document of another generation (a store that was emptied, or
 * restored) is believed only when it asks for nothing that this consumer does not do already: it never starts anything.
 */
export function obey(memory: Memory, look: Look, self: Self, moment: Moment): Memory {
  if (look.kind !== 'document') return { ...memory, doubt: look.kind }
  const { state } = look
  const assignment = assignmentFor(state, self)
  const order = memory.obeyed === undefined ? 1 : compareOrder(state, memory.obeyed)
  if (order === undefined && !asksNothingNew(memory.assignment, assignment)) return { ...memory, doubt: 'generation' }
  if (order === undefined) return { ...accept(state, assignment), ...unchanged(state) }
  if (order < 0) return { ...memory, doubt: 'older' }
  const seen = freshness(memory, state, moment)
  if (order > 0) return { ...accept(state, assignment), ...seen }
  const contradicts = memory.doubt === 'contradiction' || contradict(memory.assignment, assignment)
  return { ...memory, ...seen, ...(contradicts ? { doubt: 'contradiction' } : { doubt: undefined, assignment }) }
}

/**
 * What to do at this moment. In doubt, and when no change of the document was seen for `ttlMs`, a canary takes nothing, while a stable consumer
 * goes on with what it was last told. Having read the document once proves nothing: it may be old.
 */
export function duty(memory: Memory, now: number, ttlMs: number): Assignment {
  const { assignment, doubt, changedAt = -Infinity, heardAt = changedAt } = memory
  if (assignment.kind !== 'throttled') return assignment
  if (doubt !== undefined || now - changedAt > ttlMs) return { kind: 'idle' }
  const { permits, bridge } = assignment.allocation
  const more = permits === undefined || bridge === undefined ? 0 : bridged(bridge, now - heardAt)
  return more === 0
    ? assignment
    : { kind: 'throttled', allocation: { ...assignment.allocation, permits: (permits ?? 0) + more } }
}

function accept({ generation, epoch, sequence }: QueueState, assignment: Assignment) {
  return { obeyed: { generation, epoch, sequence }, assignment, doubt: undefined }
}

function freshness(memory: Memory, state: QueueState, { askedAt, heardAt }: Moment): Seen {
  const { mark, changedAt } = memory
  if (markOf(state) === mark) return { mark, changedAt, heardAt: memory.heardAt }
  return mark === undefined ? unchanged(state) : { mark: markOf(state), changedAt: askedAt, heardAt }
}

type Seen = Pick<Memory, 'mark' | 'changedAt' | 'heardAt'>

function unchanged(state: QueueState): Seen {
  return { mark: markOf(state), changedAt: undefined, heardAt: undefined }
}

function markOf({ generation, epoch, sequence, lease }: QueueState): string {
  return `${generation}/${epoch}/${sequence}/${lease.renewals}`
}

function asksNothingNew(before: Assignment, now: Assignment): boolean {
  if (before.kind === 'stream') return now.kind === 'stream'
  return now.kind === 'idle' || now.kind === 'retired'
}

/** Two ways of taking nothing, or of taking everything, do not contradict each other. */
function contradict(before: Assignment, now: Assignment): boolean {
  if (!takes(before) && !takes(now)) return false
  return JSON.stringify(before) !== JSON.stringify(now)
}

function takes({ kind }: Assignment): boolean {
  return kind === 'stream' || kind === 'throttled'
}
