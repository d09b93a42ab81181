import type { Warning } from './assumed.ts'
import { spellDuration } from './duration.ts'
import { isFrozenAt } from './freeze.ts'
import type { Policy } from './policy.ts'

/** Windows that leave no time, or not enough of it at a stretch. Those of some dates only are over some day. */
export function freezeWarnings({ freeze, steps, promotion }: Policy): readonly Warning[] {
  const always = freeze.filter(({ dates }) => dates === undefined)
  if (always.length === 0) return []
  const longestMs = longestFreeTime(always)
  if (longestMs === 0) return [{ path: 'freeze', text: 'the windows leave no time in which a rollout could start' }]
  const neededMs = steps.reduce((sum, { durationMs = 0 }) => sum + durationMs, promotion.durationMs)
  if (longestMs >= neededMs) return []
  const text = `steps and promotion take ${spellDuration(neededMs)}, the longest time between two freezes is ${spellDuration(longestMs)}: every rollout is held by one`
  return [{ path: 'freeze', text }]
}

const stepMs = 300_000
const weekMs = 7 * 86_400_000
/** A Monday. Where clocks are put forward or back, other weeks differ by an hour. */
const someWeek = 1_767_571_200_000

/** In two weeks that repeat each other, so that what goes on over their border is whole. */
function longestFreeTime(windows: Policy['freeze']): number {
  let longest = 0
  let current = 0
  for (let ms = 0; ms < 2 * weekMs; ms += stepMs) {
    current = isFrozenAt(windows, someWeek + ms) ? 0 : current + stepMs
    longest = Math.max(longest, current)
  }
  return longest
}
