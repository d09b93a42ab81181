import { describe, expect, it } from 'vitest'
import { mutants } from './mutants/mutants.ts'
import { simulate } from './simulate.ts'

const seeds = Number(process.env['QUEUE_CANARY_FAULT_SEEDS'] ?? 2_000)

const mustBeReached = [
  'promoted',
  'rolled back',
  'waited at the broker',
  'given up at the broker',
  'raised by a budget',
]

describe('the fleet under faults', () => {
  it(`violates no invariant in the runs of ${seeds} seeds`, { timeout: 900_000 }, async () => {
    const { failures, reached } = await simulate({ firstSeed: 1, seeds, jobs: 2 })
    expect(failures).toEqual([])
    for (const state of mustBeReached) expect(reached).toHaveProperty([state])
  })

  it('runs the same for the same seed, in whatever company', { timeout: 60_000 }, async () => {
    const alone = await simulate({ firstSeed: 7, seeds: 1 })
    const [before, both] = await Promise.all([
      simulate({ firstSeed: 6, seeds: 1 }),
      simulate({ firstSeed: 6, seeds: 2 }),
    ])
    expect(both.digest).toBe(before.digest ^ alone.digest)
  })
})

describe('a planted bug', () => {
  it.each(mutants.map((mutant) => [mutant.name, mutant] as const))(
    '%s is found, by an invariant that says what is wrong',
    { timeout: 120_000 },
    async (_, { name, foundBy, violates }) => {
      const { failures } = await simulate({ firstSeed: foundBy, seeds: 1, mutant: name, stopsAtFirst: true })
      expect(failures.map(({ violation }) => violation.invariant)).toEqual([expect.toBeOneOf([...violates])])
    },
  )
})
