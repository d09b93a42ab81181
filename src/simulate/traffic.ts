import type { Given } from '../core/policy/test-reader.ts'
import type { TrafficKind } from '../core/policy/traffic-kind.ts'

/**
 * What a simulated queue is given. Rates of failures are fractions of one.
 *
 * - `steady`: messages come at random at the rate.
 * - `bursts`: five times the rate for ten seconds of each minute, a fifth of it for the rest.
 * - `sine`: between a fifth and nine fifths of the rate, in ten minutes.
 * - `outages`: steady; once in ten minutes, for up to a minute, both versions fail between 5 % and 95 % of their messages.
 * - `trickle`: a tenth of the rate: the queue's quiet hours.
 * - `backlog`: the queue is never empty. The stable version handles the rate, and the canary takes what it may besides.
 */
export interface Traffic {
  readonly kind: TrafficKind
  /** Messages a second, on average. */
  readonly ratePerSecond: number
  readonly stable: Handling
  /** From the onset on; before it the canary is as the stable version. */
  readonly canary: Handling
  /** From the start of the rollout. */
  readonly onsetMs: number
  /** Part of the messages that fails on every version. */
  readonly poison: number
  /** Deaths of the canary's process without a word, per hour. Ten seconds later there is another one. */
  readonly deathsPerHour: number
  /** How long the stable version has been at work when the rollout begins: what the judge knows of it. */
  readonly historyMs: number
}

export interface Handling {
  readonly failures: number
  /** Mean duration of a handler. Durations are log-normal, with a deviation of 0.7 in their logarithm. */
  readonly latencyMs: number
}

/** The traffic of a test, with what it does not say filled in. */
export function trafficOf(given: Given): Traffic {
  const { rate = 100, stableFailures = 0.01, latency = 20, onset = 0, traffic = 'steady' } = given
  return {
    kind: traffic,
    ratePerSecond: rate,
    stable: { failures: stableFailures, latencyMs: latency },
    canary: { failures: given.canaryFailures ?? stableFailures, latencyMs: given.canaryLatency ?? latency },
    onsetMs: onset,
    poison: 0,
    deathsPerHour: 0,
    historyMs: 300_000,
  }
}

/** Messages that are expected from `fromMs` to `toMs`. */
export function expectedArrivals({ kind, ratePerSecond }: Traffic, fromMs: number, toMs: number): number {
  const even = (ratePerSecond * (toMs - fromMs)) / 1_000
  switch (kind) {
    case 'bursts':
      return even * quiet + (loud - quiet) * ratePerSecond * (loudSeconds(toMs) - loudSeconds(fromMs))
    case 'sine':
      return even + (swing * ratePerSecond * (wave(fromMs) - wave(toMs))) / 1_000
    case 'trickle':
      return even * trickle
    case 'steady':
    case 'outages':
    case 'backlog':
      return even
  }
}

const [loud, quiet, loudMs, burstEveryMs] = [5, 0.2, 10_000, 60_000]
const [swing, waveMs] = [0.8, 600_000]
const trickle = 0.1

/** Loud time from the start until then. */
function loudSeconds(ms: number): number {
  return (Math.floor(ms / burstEveryMs) * loudMs + Math.min(loudMs, ms % burstEveryMs)) / 1_000
}

/** Integral of minus the sine, so that a difference is what a time adds. */
function wave(ms: number): number {
  return (waveMs / (2 * Math.PI)) * Math.cos((2 * Math.PI * ms) / waveMs)
}

/** The rate that shares and messages per step are made of. */
export function meanRatePerSecond({ kind, ratePerSecond }: Pick<Traffic, 'kind' | 'ratePerSecond'>): number {
  return kind === 'trickle' ? trickle * ratePerSecond : ratePerSecond
}
