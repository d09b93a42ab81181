/**
 * Orders what workers obey: the generation is drawn when the queue's document is created, the epoch rises with each change of coordinator,
 * the sequence with each write of one.
 */
export interface Order {
  readonly generation: string
  readonly epoch: number
  readonly sequence: number
}

/** Negative when `a` is older. Another generation is neither older nor newer: undefined. */
export function compareOrder(a: Order, b: Order): number | undefined {
  if (a.generation !== b.generation) return undefined
  return a.epoch - b.epoch || a.sequence - b.sequence
}
