export interface Backoff {
  readonly baseMs: number
  readonly maxMs: number
}

/** Exponential with full jitter: anything up to `baseMs x 2^(attempt-1)`, and to `maxMs`. `attempt` counts from 1. */
export function backoffMs({ baseMs, maxMs }: Backoff, attempt: number, random: () => number): number {
  return random() * longestBackoffMs({ baseMs, maxMs }, attempt)
}

export function longestBackoffMs({ baseMs, maxMs }: Backoff, attempt: number): number {
  return Math.min(maxMs, baseMs * 2 ** Math.min(attempt - 1, 40))
}
