/** Time as an argument: real in a worker, virtual in a simulation. */
export interface Clock {
  /** Monotonic milliseconds from an arbitrary origin. The only time that decisions use. */
  now(): number
  /** Milliseconds since 1970, for display and records only. */
  wall(): number
  /** Resolves after `ms` (any length, also beyond 24.8 days), or at once when the signal aborts. Never rejects. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>
}
