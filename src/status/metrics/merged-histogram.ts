import { Histogram } from 'prom-client'
import type { Registry } from 'prom-client'
import { durationBounds } from './duration-buckets.ts'
import type { DurationBuckets } from './duration-buckets.ts'

type Labels = Readonly<Record<string, string>>
type Exported = Awaited<ReturnType<Histogram['get']>>

/** A histogram that was counted elsewhere: prom-client's own can only be filled one value at a time. */
export class MergedHistogram extends Histogram {
  readonly #exported: Exported

  constructor(registry: Registry, name: string, help: string) {
    super({ name, help, registers: [registry] })
    // The types give a number where the library writes this word.
    const type = 'histogram' as unknown as Exported['type']
    this.#exported = { name, help, type, aggregator: 'sum', collect: () => {}, values: [] }
  }

  add(labels: Labels, { counts, count, sum }: DurationBuckets): void {
    const { name, values } = this.#exported
    const bucket = (le: string | number, value: number) => ({
      metricName: `${name}_bucket`,
      labels: { ...labels, le },
      value,
    })
    values.push(
      ...durationBounds.map((bound, at) => bucket(bound, counts[at] ?? 0)),
      bucket('+Inf', count),
      { metricName: `${name}_sum`, labels, value: sum },
      { metricName: `${name}_count`, labels, value: count },
    )
  }

  override async get(): Promise<Exported> {
    return this.#exported
  }

  /** What the registry asks a histogram for; the types do not know it. */
  getForPromString(): Promise<Exported> {
    return this.get()
  }
}
