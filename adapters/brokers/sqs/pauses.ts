/** Seconds that a returned message rests, by how often it was received: none at first, then doubling up to a minute. */
export function returnSeconds(receives: number): number {
  return receives <= 3 ? 0 : Math.min(60, 2 ** (receives - 3))
}

/** Seconds that a message rests which should be dead-lettered and cannot be: doubling up to a quarter of an hour. */
export function parkSeconds(receives: number): number {
  return Math.min(900, 2 ** Math.min(receives, 10))
}

/** Seconds that a message rests before it is tried again: whole ones are all that SQS knows. */
export function retrySeconds(delayMs: number): number {
  return Math.max(1, Math.ceil(delayMs / 1_000))
}
