/** Of a worker or a coordinator that falls silent. */
export const leaseMs = 5_000
/** Acks are flushed and travel; what a process finished this long before a fault may have been in its hands still. */
export const ackMs = 500
/** What a process held while it stood still is void by its return, but it may be at work on it for a moment. */
export const aftermathMs = 2_000
