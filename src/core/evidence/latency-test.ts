import { baselineRate, keptAfter } from './baseline.ts'
import { countAbove, countIn, noDurations, totalOf, trimmed } from './duration-window.ts'
import type { DurationWindow } from './duration-window.ts'
import { countTrials } from './half-space.ts'
import { evidenceIn, observeMixture, openMixture } from './mixture.ts'
import type { Mixture } from './mixture.ts'
import type { Line } from './projection.ts'

/**
 * Evidence that the canary is slower. For each of three quantiles, a threshold is taken from what the stable version did before the look; in
 * the look a message "fails" if it took longer than the threshold, on the canary `shift` buckets longer. If the canary is at most that much
 * slower, it fails no more often, whatever happens to both, so each quantile is one e-process and their weighted mean another.
 */
export interface LatencyTest {
  /** The stable version's recent durations, two buckets to a column. At most 201 numbers, usually 40 to 60. */
  readonly columns: DurationWindow
  /** By quantile. */
  readonly quantiles: readonly Mixture[]
}

/** Durations of succeeded first attempts in one look. */
export interface LookDurations {
  readonly canary: DurationWindow
  readonly stable: DurationWindow
}

const quantiles = [0.5, 0.9, 0.99] as const
const quantileWeights = [0.25, 0.5, 0.25] as const

/** Longer by `shift` buckets is no worse. */
const line: Line = { slope: 1, intercept: 0 }

const bucketsInColumn = 2
/** Columns at the ends with less than this part of the whole are forgotten. */
const negligible = 1e-4

export function openLatencyTest(stable: DurationWindow = noDurations): LatencyTest {
  return { columns: learn(noDurations, stable, 1), quantiles: quantiles.map(() => openMixture()) }
}

export function latencyEvidence({ quantiles: mixtures }: LatencyTest): number {
  let sum = 0
  for (let index = 0; index < quantiles.length; index++) {
    const mixture = mixtures[index]
    sum += (quantileWeights[index] ?? 0) * (mixture === undefined ? 1 : evidenceIn(mixture))
  }
  return sum
}

/** Takes in one look, which tells nothing while there are no earlier stable durations to set thresholds by. */
export function observeLatency(
  test: LatencyTest,
  durations: LookDurations,
  shift: number,
  elapsedMs: number,
): LatencyTest {
  const columns = learn(test.columns, durations.stable, keptAfter(elapsedMs))
  const known = totalOf(test.columns)
  const canary = totalOf(durations.canary)
  if (known === 0 || canary === 0) return { ...test, columns }
  const stable = totalOf(durations.stable)
  const observed: Mixture[] = []
  for (let index = 0; index < quantiles.length; index++) {
    const { bucket, rate } = thresholdAt(test.columns, quantiles[index] ?? 1, known)
    const trials = countTrials(
      { messages: canary, failed: countAbove(durations.canary, bucket + shift) },
      { messages: stable, failed: countAbove(durations.stable, bucket) },
    )
    observed.push(observeMixture(test.quantiles[index] ?? openMixture(), line, trials, rate))
  }
  return { columns, quantiles: observed }
}

interface Threshold {
  /** The last bucket that is not above it. */
  readonly bucket: number
  /** The part of the earlier stable durations above it. */
  readonly rate: number
}

function thresholdAt(columns: DurationWindow, quantile: number, total: number): Threshold {
  let seen = 0
  let column = columns.first - 1
  for (let index = 0; index < columns.counts.length; index++) {
    seen += columns.counts[index] ?? 0
    column += 1
    if (seen >= quantile * total) break
  }
  const above = Math.max(0, total - seen)
  return {
    bucket: column * bucketsInColumn + bucketsInColumn - 1,
    rate: baselineRate({ messages: total, failed: above }),
  }
}

/** What is left of earlier durations, and the new ones with them. */
function learn(columns: DurationWindow, durations: DurationWindow, kept: number): DurationWindow {
  const before = span(columns, 1)
  const now = span(durations, bucketsInColumn)
  const first = Math.min(before.first, now.first)
  const end = Math.max(before.end, now.end)
  const counts: number[] = []
  let sum = 0
  for (let column = first; column < end; column++) {
    const bucket = column * bucketsInColumn
    const added = countIn(durations, bucket) + countIn(durations, bucket + 1)
    const count = kept * countIn(columns, column) + added
    counts.push(count)
    sum += count
  }
  return trimmed({ first, counts }, negligible * sum)
}

/** The columns that a window of such buckets covers: none, where it is empty. */
function span(
  { first, counts }: DurationWindow,
  bucketsEach: number,
): { readonly first: number; readonly end: number } {
  if (counts.length === 0) return { first: Infinity, end: -Infinity }
  return { first: Math.floor(first / bucketsEach), end: Math.ceil((first + counts.length) / bucketsEach) }
}
