import { parseArgs } from 'node:util'
import type { BenchOptions } from './lab/bench.ts'

export interface RunOptions extends BenchOptions {
  readonly only: string | undefined
  readonly help: boolean
}

export function parseOptions(argv: readonly string[]): RunOptions {
  const { values } = parseArgs({
    args: [...argv],
    options: {
      quick: { type: 'boolean', default: false },
      calm: { type: 'boolean', default: false },
      only: { type: 'string' },
      match: { type: 'string' },
      rounds: { type: 'string' },
      profile: { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  })
  const { quick, calm, only, match, help } = values
  const rounds = Number(values.rounds ?? (quick ? 1 : 5))
  if (!Number.isInteger(rounds) || rounds < 1) throw new Error('--rounds: expected a whole number from 1')
  return { quick, calm, only, match, help, rounds, profileDir: values.profile }
}
