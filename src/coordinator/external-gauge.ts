import type { Clock } from '../contracts/clock.ts'
import type { Logger } from '../contracts/logger.ts'
import type { MetricProvider, OpenMetricProvider } from '../contracts/metric-provider.ts'
import type { ExternalReading, ProviderResult } from '../core/evidence/external.ts'
import type { ExternalMetric, Policy } from '../core/policy/policy.ts'
import { wantedReadings } from '../core/rollout/measure.ts'
import type { Rollout } from '../core/rollout/rollout.ts'
import { isQueueCanaryError } from '../errors.ts'

export interface ExternalSource {
  readonly open: OpenMetricProvider
  readonly queue: string
  readonly namespace: string
}

export interface ExternalGaugeOptions {
  /** undefined: each external metric is an error that says so. */
  readonly source: ExternalSource | undefined
  /** Unique among all who ask: the consumer's id. */
  readonly asker: string
  readonly clock: Clock
  readonly log: Logger
}

/** An answer that nobody measured for this long is none any more. */
const staleMs = 10_000
/** A provider has its own deadline; this is for one that does not keep it. */
const patienceMs = 90_000

/**
 * Asks the providers of a rollout's external metrics, in the background, so that a slow one never delays a look. A metric is asked for when it
 * is due, one question at a time, and its answer is given at each look until it is measured or stale.
 */
export class ExternalGauge {
  readonly #options: ExternalGaugeOptions
  #asked = 0
  #current: Current | undefined

  constructor(options: ExternalGaugeOptions) {
    this.#options = options
  }

  /** The newest answers; starts the questions whose time it is. Never waits, never throws. */
  read(rollout: Rollout, policy: Policy): Readonly<Record<string, ExternalReading>> {
    if (!policy.analysis.metrics.some(({ kind }) => kind === 'external')) return {}
    const { metrics, end } = this.#of(rollout)
    const now = this.#options.clock.now()
    const readings = Object.fromEntries(
      [...metrics].flatMap(([name, watched]) => {
        const reading = readingOf(watched, now)
        return reading === undefined ? [] : [[name, reading] as const]
      }),
    )
    for (const metric of wantedReadings(rollout, policy, readings)) {
      const watched = metrics.get(metric.name) ?? {}
      metrics.set(metric.name, watched)
      if (!watched.asking) void this.#ask(metric, { watched, rollout, signal: end.signal, now })
    }
    return readings
  }

  /** Gives open questions up. */
  stop(): void {
    this.#current?.end.abort()
    this.#current = undefined
  }

  #of(rollout: Rollout): Current {
    if (this.#current?.rollout !== rollout.id) this.stop()
    return (this.#current ??= { rollout: rollout.id, metrics: new Map(), end: new AbortController() })
  }

  async #ask(metric: ExternalMetric, { watched, rollout, signal, now }: Question): Promise<void> {
    watched.asking = true
    this.#asked += 1
    const id = `${this.#options.asker}/${this.#asked}`
    const result = await this.#answer(metric, watched, rollout, signal)
    watched.asking = false
    if (signal.aborted) return
    watched.answer = { id, result, askedAt: now, answeredAt: this.#options.clock.now() }
    this.#tell(metric, watched, result)
  }

  async #answer(
    metric: ExternalMetric,
    watched: Watched,
    { canary, id }: Rollout,
    signal: AbortSignal,
  ): Promise<ProviderResult> {
    const { source, clock } = this.#options
    if (source === undefined) return error('this worker has no metric providers')
    const { queue, namespace } = source
    const done = new AbortController()
    const late = clock.sleep(patienceMs, AbortSignal.any([done.signal, signal]))
    try {
      watched.provider ??= await source.open(metric.provider)
      const answer = watched.provider.measure({ queue, namespace, version: canary, rollout: id }, signal)
      return await Promise.race([answer, late.then(() => error('the provider did not end in time'))])
    } catch (thrown) {
      return error(isQueueCanaryError(thrown) ? thrown.message : 'the provider failed unexpectedly')
    } finally {
      done.abort()
    }
  }

  /** Once when it begins to go wrong, and once when it is over. */
  #tell({ name }: ExternalMetric, watched: Watched, result: ProviderResult): void {
    const { log } = this.#options
    const before = watched.isBroken ?? false
    watched.isBroken = result.kind === 'error'
    if (result.kind === 'error' && !before) log.warn({ metric: name, error: result.why }, 'a metric cannot be measured')
    if (result.kind !== 'error' && before) log.info({ metric: name }, 'the metric can be measured again')
  }
}

interface Current {
  readonly rollout: string
  readonly metrics: Map<string, Watched>
  /** Aborts when nobody wants the answers any more. */
  readonly end: AbortController
}

/** One metric of the running rollout. */
interface Watched {
  provider?: MetricProvider
  asking?: boolean
  isBroken?: boolean
  answer?: {
    readonly id: string
    readonly result: ProviderResult
    readonly askedAt: number
    readonly answeredAt: number
  }
}

interface Question {
  readonly watched: Watched
  readonly rollout: Rollout
  readonly signal: AbortSignal
  readonly now: number
}

function readingOf({ answer }: Watched, now: number): ExternalReading | undefined {
  if (answer === undefined || now - answer.answeredAt >= staleMs) return undefined
  return { id: answer.id, result: answer.result, ageMs: now - answer.askedAt }
}

function error(why: string): ProviderResult {
  return { kind: 'error', why }
}
