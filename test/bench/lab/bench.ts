import type { Traffic } from './traffic.ts'

/** What a benchmark is given. */
export interface Lab {
  readonly url: string
  readonly traffic: Traffic
  readonly options: BenchOptions
  /** A line of progress, on stderr. */
  readonly say: (line: string) => void
}

export interface BenchOptions {
  /** A small version: the figures are rough, everything is exercised. */
  readonly quick: boolean
  readonly rounds: number
  /** Waits before each run until the machine is idle. */
  readonly calm: boolean
  /** Directory for CPU profiles of the consumers; undefined: none. */
  readonly profileDir: string | undefined
  /** Only contestants or cells whose label contains this. */
  readonly match: string | undefined
}

interface Named {
  readonly name: string
  /** One line for `--help`. */
  readonly about: string
}

/** A benchmark against a broker. Resolves to the text of its tables. */
export interface BrokerBench extends Named {
  readonly needs: 'broker'
  run(lab: Lab): Promise<string>
}

/** A benchmark against SQS: `endpoint` is scheme, host and port of a server that speaks its protocol. */
export interface SqsBench extends Named {
  readonly needs: 'sqs'
  run(lab: Pick<Lab, 'options' | 'say'> & { readonly endpoint: string }): Promise<string>
}

/** One that needs nothing but this process. */
export interface LocalBench extends Named {
  readonly needs: 'nothing'
  run(lab: Pick<Lab, 'options' | 'say'>): Promise<string>
}

export type Bench = BrokerBench | SqsBench | LocalBench
