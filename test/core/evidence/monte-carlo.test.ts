import { expect, it } from 'vitest'
import { checks } from '../../bench/judge/checks/all.ts'
import { cost } from '../../bench/judge/checks/cost.ts'

/**
 * The acceptance numbers of the judge by simulation, a tenth as long and a tenth as often as `npm run bench:judge` measures them. The seed is
 * fixed, and bounds give way by 1.6 standard errors: what fails here is not chance.
 */
it.each(checks.filter((check) => check !== cost))(
  '$id holds by simulation',
  (check) => {
    const rows = check.run({ runs: 100, seed: 1, length: 0.1 })
    expect(rows.filter(({ passes }) => !passes)).toEqual([])
    expect(rows.length).toBeGreaterThan(0)
  },
  60_000,
)
