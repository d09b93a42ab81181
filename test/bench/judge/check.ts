/** One acceptance number, or a group of them that are measured together. */
export interface Check {
  readonly id: string
  run(effort: Effort): readonly Row[]
}

export interface Effort {
  /** Simulated rollouts for each figure. */
  readonly runs: number
  readonly seed: number
  /** Part of the full length of long rollouts, up to 1. */
  readonly length: number
}

export interface Row {
  readonly id: string
  readonly what: string
  readonly runs: number
  readonly observed: string
  readonly error: string
  readonly required: string
  readonly passes: boolean
}

/** How far chance may carry a frequency beyond its bound: 1.6 standard errors, which of 1,000 runs makes 1.5 % of 1 %. */
const tolerance = 1.6
/** With fewer runs than this, a median or a mean is given the same; with as many it must keep its bound as it is. */
const manyRuns = 500

/** A frequency that may not exceed `limit`. */
export function atMost(id: string, what: string, limit: number, { hits, runs }: Hits): Row {
  const allowed = limit + tolerance * Math.sqrt((limit * (1 - limit)) / runs)
  return { ...frequency(id, what, { hits, runs }), required: `<= ${percent(limit)}`, passes: hits / runs <= allowed }
}

/** A frequency that may not fall below `limit`. */
export function atLeast(id: string, what: string, limit: number, { hits, runs }: Hits): Row {
  const allowed = limit - tolerance * Math.sqrt((limit * (1 - limit)) / runs)
  return { ...frequency(id, what, { hits, runs }), required: `>= ${percent(limit)}`, passes: hits / runs >= allowed }
}

export interface Hits {
  readonly hits: number
  readonly runs: number
}

/** A value that may not exceed `limit`. */
export function below(
  id: string,
  what: string,
  limit: number,
  { value, error, runs }: { readonly value: number; readonly error: number; readonly runs: number },
): Row {
  return {
    id,
    what,
    runs,
    observed: figure(value),
    error: error > 0 ? figure(error) : '',
    required: `<= ${figure(limit)}`,
    passes: value - (runs < manyRuns ? tolerance * error : 0) <= limit,
  }
}

/** The value at a rank, and its standard error from the values around it. */
export function quantileOf(values: readonly number[], q: number): { value: number; error: number; runs: number } {
  const sorted = values.toSorted((a, b) => a - b)
  const n = sorted.length
  const at = (rank: number) => sorted[Math.min(n - 1, Math.max(0, Math.ceil(rank) - 1))] ?? Number.NaN
  const spread = Math.sqrt(n * q * (1 - q))
  return { value: at(q * n), error: (at(q * n + spread) - at(q * n - spread)) / 2, runs: n }
}

export function meanOf(values: readonly number[]): { value: number; error: number; runs: number } {
  const n = values.length
  const mean = values.reduce((sum, value) => sum + value, 0) / n
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / Math.max(1, n - 1)
  return { value: mean, error: Math.sqrt(variance / n), runs: n }
}

export function percent(value: number): string {
  return `${Number((value * 100).toPrecision(3))} %`
}

export function figure(value: number): string {
  if (value !== 0 && Math.abs(value) < 1e-3) return value.toExponential(1)
  return String(Number(value.toPrecision(4)))
}

function frequency(id: string, what: string, { hits, runs }: Hits): Omit<Row, 'required' | 'passes'> {
  const rate = hits / runs
  return { id, what, runs, observed: percent(rate), error: percent(Math.sqrt((rate * (1 - rate)) / runs)) }
}
