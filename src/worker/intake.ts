import type { LinkState } from '../contracts/broker.ts'
import type { WorkOrigin } from './processor.ts'

/** Where a consumer's messages come in. One is open at a time; which one is the matter of `intake-switch.ts`. */
export interface Intake extends WorkOrigin {
  readonly link: LinkState
  readonly linkReason: string | undefined
  /** Deliveries taken and not begun. */
  readonly waiting: number
  /** Ends deliveries and returns what was not begun. What stays, stays for a reason and will be begun. */
  stop(): Promise<void>
  /** Returns what was not begun, and with `all` also what stayed for a reason. */
  returnUnstarted(which?: { readonly all?: boolean }): void
  /** After `stop`: closes when the last message is settled. */
  retire(): Promise<void>
  /** Closes at once; what is unsettled goes back to the queue. */
  close(): Promise<void>
}
