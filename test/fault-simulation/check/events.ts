import type { ConsumerReport } from '../../../src/core/rollout/consumer-report.ts'
import type { Order } from '../../../src/core/rollout/order.ts'
import type { QueueState } from '../../../src/core/rollout/queue-state.ts'
import type { WorkerEnd } from '../../../src/worker/worker.ts'
import type { Removed } from '../broker/broker-model.ts'
import type { Return } from '../broker/profiles.ts'
import type { Dispatch, StoredMessage } from '../broker/stored-message.ts'

/** A handler was called. */
export interface Start {
  readonly at: number
  readonly container: string
  /** Milliseconds of the process's own clock since it asked for the document that it was answered last. */
  readonly unansweredMs: number
  readonly version: string
  readonly role: 'stable' | 'canary'
  readonly message: string
  readonly dispatch: number
  readonly source: 'queue' | 'handBack'
  readonly attempt: number
  readonly redelivered: boolean
  readonly group: string | undefined
  /** The consumer at this moment, this message included. */
  readonly report: ConsumerReport
}

export interface End {
  readonly at: number
  readonly start: Start
  readonly outcome: 'succeeded' | 'failed'
}

export interface Settlement {
  readonly at: number
  readonly dispatch: Dispatch
  readonly how: 'ack' | 'deadLetter' | Return
  /** The delivery that the process meant. */
  readonly claimed: number | undefined
}

export interface Removal {
  readonly at: number
  readonly message: StoredMessage
  readonly how: Removed
}

/** The queue's document was written. */
export interface Writing {
  readonly at: number
  readonly by: string
  readonly before: QueueState | undefined
  readonly after: QueueState
}

export interface Exit {
  readonly at: number
  readonly container: string
  readonly version: string
  readonly reason: WorkerEnd['reason']
  /** Milliseconds that it ran since it was told to end; undefined where it was not told. */
  readonly sinceToldMs: number | undefined
}

/** Everything that an invariant may be held against. Each is told once, at the moment when it happens. */
export interface Happenings {
  start: Start
  end: End
  settlement: Settlement
  misdirected: { readonly at: number; readonly claimed: number }
  handedBack: { readonly at: number; readonly message: StoredMessage; readonly claimed: number }
  /** A copy of a message waits for its next attempt, or the message itself does. */
  putOff: { readonly at: number; readonly message: StoredMessage; readonly claimed: number; readonly isCopy: boolean }
  /** A copy of a message came into a queue. */
  added: { readonly at: number; readonly message: StoredMessage; readonly queue: string }
  removal: Removal
  writing: Writing
  stored: { readonly at: number; readonly key: string; readonly value: string }
  /** The store was emptied, went back in time, or was brought back to where it had been. */
  rewound: { readonly at: number; readonly state: QueueState | undefined }
  answer: { readonly at: number; readonly container: string; readonly state: QueueState | undefined }
  state: { readonly at: number; readonly container: string; readonly version: string; readonly state: string }
  /** A process died. */
  killed: { readonly at: number; readonly container: string }
  /** Somebody told a process to end. */
  terminated: { readonly at: number; readonly container: string }
  exit: Exit
  log: { readonly at: number; readonly container: string; readonly line: string }
  /** The run is over. */
  rest: { readonly at: number; readonly backlog: number; readonly unsettled: number }
}

export type Happening = keyof Happenings

export const happenings = [
  'start',
  'end',
  'settlement',
  'misdirected',
  'handedBack',
  'putOff',
  'added',
  'removal',
  'writing',
  'stored',
  'rewound',
  'answer',
  'state',
  'killed',
  'terminated',
  'exit',
  'log',
  'rest',
] as const satisfies readonly Happening[]

export function orderKey({ generation, epoch, sequence }: Order): string {
  return `${generation}/${epoch}/${sequence}`
}
