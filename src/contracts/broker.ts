import type { BrokerMessage } from './message.ts'

/**
 * One queue of one broker, as a consumer sees it. An adapter is a factory that returns this contract; every adapter passes
 * `test/contract/broker-contract.ts`.
 *
 * Rules that hold for every method: connection loss is the adapter's business (it reconnects with backoff and jitter, for ever, until
 * `close`), a wait has a deadline, an error is a `QueueCanaryError`, and no message text, header value or credential appears in an error.
 */
export interface Broker {
  readonly capabilities: BrokerCapabilities

  /**
   * Starts a subscription and resolves once it is known to the adapter, connected or not: its state arrives at the sink. Throws
   * `BROKER_REFUSED` only for a request that can never work (a hand-back source where hand-back is off).
   */
  subscribe(request: SubscribeRequest, sink: DeliverySink): Promise<Subscription>

  /**
   * Makes sure that failed messages can be handed back: declares the hand-back queue where the adapter was told it may, checks it
   * otherwise. Idempotent. Rejects with `BROKER_REFUSED` (missing queue or right) or `BROKER_UNREACHABLE`. Does nothing where hand-back is off.
   */
  prepareHandBack(): Promise<void>

  /** Counts for decisions and status. Rejects with `BROKER_UNREACHABLE` or `QUEUE_MISSING`; never blocks deliveries. */
  inspect(): Promise<QueueFacts>

  /** What `doctor` says of connection, queue, permissions and limits. Consumes and changes nothing. Never rejects: trouble is a finding. */
  diagnose(): Promise<readonly Finding[]>

  /** Closes every subscription and connection. What is unsettled goes back to the queue. Idempotent; resolves within a few seconds, connected or not. */
  close(): Promise<void>
}

export interface BrokerCapabilities {
  /** Name for messages and status: `rabbitmq`, `sqs`, `memory`. */
  readonly kind: string
  /** True when failed messages go to the hand-back queue; false when they can only be returned to the queue itself. */
  readonly handBack: boolean
  /** True when `inspect` tells the age of the oldest message. */
  readonly oldestAge: boolean
  /**
   * What `retryLater` can do. `noted`: the note travels with the message, also to the dead letters. `counted`: the message waits, and the
   * broker's own count of deliveries tells the attempts; nothing else of the note is kept. `none`: it rejects.
   */
  readonly retryLater: 'noted' | 'counted' | 'none'
  /**
   * What keeps a delivery from being given to somebody else. `link`: the connection it came over; with it all its deliveries are lost. `lease`: a
   * time of its own, which the adapter extends until the delivery is settled; it outlives a link that is lost and restored.
   */
  readonly heldBy: 'link' | 'lease'
}

export interface SubscribeRequest {
  /** The queue itself, or its hand-back queue. */
  readonly source: 'queue' | 'handBack'
  /** `ahead` gets the next message before every `normal` subscription that could also take it. */
  readonly precedence: 'normal' | 'ahead'
  /** Most deliveries of this subscription that may be unsettled at a time; at least 1. Fixed: a new limit needs a new subscription. */
  readonly maxUnsettled: number
  /**
   * How many messages this subscription may take in all, counted from its start; `Infinity` streams. Never exceeded, not by one, whatever
   * order acks and grants come in. While no permits are left no message waits for this subscription at the broker or here.
   */
  readonly permits: number
}

export interface Subscription {
  /** Raises the cumulative number of permits; a smaller number than before is ignored. Synchronous, cheap, never throws. */
  permit(total: number): void
  /**
   * Until told otherwise (undefined), subscriptions that are `ahead` are to be served first: this one no longer waits in line for what comes next, takes
   * what they leave, and looks again `restMs` after it found nothing. It takes what there is a moment later than it could, never less of it. Only
   * where the broker itself knows no precedence.
   */
  giveWay?(restMs: number | undefined): void
  /** Ends deliveries: after it resolves none arrives. Deliveries already made can still be settled. Idempotent; bounded by a deadline. */
  stop(): Promise<void>
  /** `stop`, then releases the link; what is still unsettled goes back to the queue. Flushes acks first. Idempotent; bounded by a deadline. */
  close(): Promise<void>
}

/** The receiving side of a subscription. Its methods never throw and return at once. */
export interface DeliverySink {
  onDelivery(delivery: Delivery): void
  /**
   * Every change of the link. On any state but `consuming` and `idle`, unsettled deliveries of this subscription have become void: the
   * broker delivers them again, settling them does nothing. Where deliveries are held by a lease, only `missing` and `closed` do that.
   */
  onLink(state: LinkState, reason?: string): void
}

/**
 * `connecting`: no link, being restored. `idle`: linked, without permits. `consuming`: linked and taking. `missing`: the queue does not
 * exist (checked again with backoff, never declared by us). `refused`: the broker denies it (rights, exclusive use). A reason beside `idle` or
 * `consuming` says what is wrong all the same: the broker throttles, or messages cannot be settled.
 */
export const linkStates = ['connecting', 'idle', 'consuming', 'missing', 'refused', 'closed'] as const
export type LinkState = (typeof linkStates)[number]

/** Also of a state that another release told. */
export function isLinked(state: string): boolean {
  return state === 'idle' || state === 'consuming'
}

/**
 * One delivery of one message. It is settled by the first of the five calls; each later call, and each call after it became void, does
 * nothing and returns false (a settlement goes to the link or receipt its delivery came with, or nowhere). Where an adapter hears only
 * after `handBack` or `retryLater` gave up that the broker has the copy, `requeue` and `deadLetter` ack: the copy is the message.
 */
export interface Delivery {
  readonly message: BrokerMessage
  /** What earlier hand-backs, retries and dead-letterings left on the message. */
  readonly passage: Passage
  /** True once the broker may give the message to somebody else: its link was lost, or its lease ended. Never false again. */
  readonly isVoid: boolean
  /**
   * How often the message can still be returned before the broker itself dead-letters it at the next delivery; `Infinity` where it has no such limit,
   * or does not tell. At 0 returning it is dead-lettering it.
   */
  readonly returnsLeft: number
  /** Done: the broker forgets the message. */
  ack(): boolean
  /** Returns the message to its queue, for any consumer. May raise the broker's delivery count. */
  requeue(): boolean
  /** Gives the message to the queue's dead-letter exchange or redrive policy. */
  deadLetter(): boolean
  /**
   * Publishes the message to the hand-back queue with its properties, headers and remaining time to live, waits for the broker's
   * confirmation, then acks. Resolves false when the delivery was void or settled before. Rejects with `HAND_BACK_FAILED` when there is no
   * confirmation within the adapter's deadline, and with `BROKER_REFUSED` where there will be none before a person mends something; the delivery
   * is then still unsettled.
   */
  handBack(note: HandBackNote): Promise<boolean>
  /**
   * Gives the message to the broker for a while: it comes back to the queue it was taken from (the hand-back queue, where that is; an
   * `unaccepted` one always to the queue itself) as a delivery to any consumer, not before `delayMs`, and holds no place meanwhile. The adapter
   * may wait longer, up to twice as long and at least a second. Properties, headers and what is left of the time to live are kept. Resolves
   * false when the delivery was void or settled before. Rejects with `RETRY_FAILED` when the broker does not confirm within the adapter's
   * deadline, and with `BROKER_REFUSED` where it will not before a person mends something; the delivery is then still unsettled.
   */
  retryLater(note: RetryNote): Promise<boolean>
}

/** Where a message has been before, from what the adapter's own hand-back and retries wrote and the broker's dead-letter record. */
export interface Passage {
  /** Set on a delivery from the hand-back queue: who handed it back, and the delivery count it had. */
  readonly handedBack: HandBackNote | undefined
  /**
   * True when the message must go to the queue's own dead-letter exchange, unhandled: it left the hand-back queue as a dead letter, its time to
   * live ended while it waited for a retry, or `RetryNote.dead` says so.
   */
  readonly dead: boolean
  /**
   * What the last `retryLater` wrote, or the broker counted; it stays with a message that is handed back. A hint: checked for sense, but anybody may
   * have written it.
   */
  readonly retried: RetryRecord | undefined
}

/** What stays of a `RetryNote`: only the attempts, where the broker counts them, unless the message could be put off as a new one. */
export interface RetryRecord extends Pick<RetryNote, 'attempts' | 'waits'> {
  readonly version: RetryNote['version'] | undefined
  readonly reason: RetryNote['reason'] | undefined
}

export interface RetryNote {
  /** Attempts at the message so far, over all deliveries and processes. From 0 to 65,535. */
  readonly attempts: number
  /** Who had it last. */
  readonly version: string
  readonly reason: (typeof retryReasons)[number]
  /** How often in a row it was put off as `unaccepted`, this time included. */
  readonly waits: number
  /** The class of what its handler threw, in a few characters, where there is one. Never a message or a payload. */
  readonly error: string | undefined
  /** Milliseconds, from 0 to 512,000. */
  readonly delayMs: number
  /** It is tried no more: when it comes back, `Passage.dead` is set. Only where the broker's retries are `noted`. */
  readonly dead: boolean
  /**
   * Nobody else could do more with it meanwhile: an adapter that would use a delivery up keeps it for this consumer until its time, or until the
   * subscription stops. @default false
   */
  readonly keep?: boolean
}

/** `unaccepted`: the version does not accept messages of this kind. That is no attempt. */
export const retryReasons = ['failed', 'timedOut', 'unaccepted'] as const

/** Headers of a message that was tried, where retries are `noted`: no handler sees them, dead letters have them. */
export const retryHeaders = {
  attempts: 'x-queue-canary-attempts',
  version: 'x-queue-canary-version',
  reason: 'x-queue-canary-reason',
  error: 'x-queue-canary-error',
} as const

export interface HandBackNote {
  readonly version: string
  /** `unaccepted`: the version does not accept messages of this kind, and has not tried. */
  readonly reason: 'failed' | 'timedOut' | 'returned' | 'unaccepted'
  readonly deliveryCount: number
}

export interface QueueFacts {
  /** Messages ready for delivery. */
  readonly backlog: number
  /** Messages in the hand-back queue, ready; 0 where there is none. */
  readonly handBackBacklog: number
  /** Consumers on the queue, ours and others'; undefined where the broker does not tell. */
  readonly consumers: number | undefined
  /** Consumers on the hand-back queue, which tell an empty one from one that the broker knows nothing of; undefined where there is none, or nothing to tell apart. */
  readonly handBackConsumers: number | undefined
  /** Age of the oldest message in milliseconds; undefined where the broker does not tell. */
  readonly oldestAgeMs: number | undefined
}

/** One line of `doctor`: `mend` says what to do, and is present unless all is well. */
export interface Finding {
  readonly level: 'ok' | 'warning' | 'error'
  readonly subject: string
  readonly found: string
  readonly mend?: string
}
