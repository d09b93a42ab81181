import type { Traffic } from './traffic.ts'

/** What every benchmark is given. */
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

export interface Bench {
  readonly name: string
  /** One line for `--help`. */
  readonly about: string
  /** Resolves to the text of its tables. */
  run(lab: Lab): Promise<string>
}
