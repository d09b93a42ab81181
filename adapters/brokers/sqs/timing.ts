export { Backoff, realClock, withDeadline } from '../shared/timing.ts'

/** Waits of the adapter, in milliseconds. */
export const waits = {
  /**
   * One long poll of a subscription that streams. Shorter than SQS allows (20 s): a poll is never cancelled, and nobody waits for the end of a process
   * much longer than this.
   */
  streamingPoll: 4_000,
  /** One long poll of a subscription with permits, which is replaced whenever fewer are due than were given. */
  permitPoll: 1_000,
  /** What an answer may take, on top of the poll itself. */
  answer: 5_000,
  /** TCP and TLS handshake. */
  connect: 3_000,
  /** Finding credentials, where the ones at hand have expired. What takes longer goes on, and serves a later request. */
  credentials: 5_000,
  /** A confirmation of a hand-back. */
  confirm: 5_000,
  /** How long `stop` waits for polls under way, beyond their own time. */
  lastPolls: 1_000,
  /** Sending on what was settled, when a subscription closes. */
  farewell: 3_000,
  /** A settlement waits so long for company in its batch. */
  deleteLinger: 10,
  /** How often the attributes of a queue that is not polled are looked at; also, how old they may be. */
  idleLook: 10_000,
  busyLook: 60_000,
} as const
