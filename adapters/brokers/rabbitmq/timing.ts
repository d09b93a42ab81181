export { Backoff, realClock, withDeadline } from '../shared/timing.ts'

/** Waits of the adapter, in milliseconds. */
export const waits = {
  /** TCP, TLS and AMQP handshake together. */
  connect: 10_000,
  /** One answer of the broker on a channel. */
  answer: 5_000,
  /** A confirmation of a published hand-back. */
  confirm: 5_000,
  /** `inspect`, whatever it needs. */
  inspect: 5_000,
  /** An orderly goodbye, before the socket is destroyed. */
  goodbye: 1_500,
  /** Closing every subscription, before their connection is closed under them. */
  farewell: 3_000,
} as const
