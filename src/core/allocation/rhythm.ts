/** Between two looks of everybody in a small fleet. */
export const quickestLookMs = 50
/** The share is within a tenth of its target at every moment with looks that are so far apart, and no further (`traffic.test.ts`). */
const slowestLookMs = 600
/**
 * One reads the reports of all, and all read what one has decided: each consumer adds so much to the time between two looks that neither the
 * coordinator nor the store has more to do for three hundred of them than for some dozens.
 */
const perConsumerMs = 2

/** Time between two looks while a rollout runs: of the coordinator at the reports, and of each consumer at the document. */
export function lookLength(consumers: number): number {
  return Math.min(slowestLookMs, Math.max(quickestLookMs, perConsumerMs * consumers))
}
