import { parseArgs } from 'node:util'
import type { Effort } from './check.ts'

export interface JudgeBenchOptions extends Effort {
  readonly only: readonly string[] | undefined
  readonly help: boolean
}

export const usage = 'npm run bench:judge -- [--runs N] [--seed N] [--only A3,A4] [--quick]'

export function parseOptions(argv: readonly string[]): JudgeBenchOptions {
  const { values } = parseArgs({
    args: [...argv],
    options: {
      runs: { type: 'string' },
      seed: { type: 'string', default: '1' },
      only: { type: 'string' },
      quick: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  })
  return {
    runs: wholeNumber('--runs', values.runs ?? (values.quick ? '100' : '1000')),
    seed: wholeNumber('--seed', values.seed),
    length: values.quick ? 0.1 : 1,
    only: values.only?.split(',').map((id) => id.trim().toUpperCase()),
    help: values.help,
  }
}

function wholeNumber(name: string, text: string): number {
  const value = Number(text)
  if (!Number.isInteger(value) || value < 1) throw new Error(`${name}: expected a whole number from 1, found "${text}"`)
  return value
}
