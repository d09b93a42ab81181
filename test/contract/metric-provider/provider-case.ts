import type { MetricProvider } from '../../../src/contracts/metric-provider.ts'
import type { AllowedHost, Resolve } from '../../../adapters/metrics/request/address-rules.ts'
import type { Act, HostileServer } from '../../support/hostile-server.ts'

/** What a suite tells the provider that it opens. */
export interface ProviderSettings {
  readonly timeoutMs?: number
  readonly headers?: Readonly<Record<string, string>>
  readonly hosts?: readonly AllowedHost[]
  readonly resolve?: Resolve
}

/** What an adapter's test file gives to the suite. */
export interface MetricProviderTarget {
  readonly name: string
  /** A provider that asks this server, about `{{queue}}` among others. */
  open(origin: string, settings?: ProviderSettings): MetricProvider
  /** The body of a good answer that holds this number, as JSON would write it. */
  answer(number: string): string
  /** How a value stands in the question once the encoding of its URL or form is taken off. */
  asked(value: string): string
  /** Answers that hold no value, and what they are: by the name of the case. */
  readonly none: Readonly<Record<string, Flawed>>
  /** Cases that this target cannot pass: name of the case -> why. */
  readonly skip?: Readonly<Record<string, string>>
}

export interface Flawed {
  readonly body: string
  readonly headers?: Readonly<Record<string, string>>
  readonly kind: 'noData' | 'error'
}

/** One promise of the contract. Names are unique: targets skip by name. */
export interface ProviderCase {
  readonly name: string
  run(stage: ProviderStage): Promise<void>
}

export interface ProviderStage {
  readonly target: MetricProviderTarget
  /** A server that behaves as it is told. The suite closes it. */
  readonly serve: (act: Act) => Promise<HostileServer>
}
