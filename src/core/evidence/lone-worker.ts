/** What one consumer of a version has handled. */
export interface Share {
  readonly id: string
  readonly taken: number
  readonly harmed: number
}

export interface LoneWorker extends Share {
  /** Failures of the whole version. */
  readonly failures: number
  /** Fraction of the version's messages that it took. */
  readonly part: number
}

/** One failure has to happen somewhere. */
const leastFailures = 3
/** Chance of pointing at one of several workers that fail alike. */
const chanceLevel = 0.01

/**
 * The consumer that fails far more of its messages than the others do, where chance does not explain it: then something is wrong with one worker
 * (a full disk, a stale secret) rather than with the version. undefined where there is none, or nobody to compare with.
 */
export function loneWorker(consumers: readonly Share[]): LoneWorker | undefined {
  const active = consumers.filter(({ taken }) => taken > 0)
  const failures = sum(active.map(({ harmed }) => harmed))
  const messages = sum(active.map(({ taken }) => taken))
  const [first, ...others] = active
  if (first === undefined || others.length === 0 || failures < leastFailures) return undefined
  const worst = others.reduce((a, b) => (excess(b, failures, messages) > excess(a, failures, messages) ? b : a), first)
  const part = worst.taken / messages
  const chance = active.length * atLeast(worst.harmed, failures, part)
  return chance < chanceLevel ? { ...worst, failures, part } : undefined
}

/** As a clause: `9 of 9 failures are of consumer w3, which took 33 % of the messages`. */
export function explainLoneWorker({ id, harmed, failures, part }: LoneWorker): string {
  const percent = Number((100 * part).toPrecision(2))
  return `${harmed} of ${failures} failures are of consumer ${id}, which took ${percent} % of the messages: look at that worker`
}

function excess({ taken, harmed }: Share, failures: number, messages: number): number {
  return harmed - (failures * taken) / messages
}

/** Chance that at least `least` of `trials` hit something of probability `part`, below 1. */
function atLeast(least: number, trials: number, part: number): number {
  if (least <= 0) return 1
  let log = trials === least ? 0 : (trials - least) * Math.log1p(-part)
  for (let count = 1; count <= least; count++) log += Math.log(((trials - least + count) / count) * part)
  let term = Math.exp(log)
  let total = term
  for (let count = least; count < trials; count++) {
    term *= ((trials - count) / (count + 1)) * (part / (1 - part))
    total += term
  }
  return Math.min(1, total)
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0)
}
