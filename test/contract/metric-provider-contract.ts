import { describe, expect, it } from 'vitest'
import { hostileServer } from '../support/hostile-server.ts'
import { useTeardown } from '../support/teardown.ts'
import { addressCases } from './metric-provider/address-cases.ts'
import { answerCases, flawedCases } from './metric-provider/answer-cases.ts'
import { faultCases } from './metric-provider/fault-cases.ts'
import type { MetricProviderTarget } from './metric-provider/provider-case.ts'

export type { MetricProviderTarget } from './metric-provider/provider-case.ts'

/** Registers every promise of `src/contracts/metric-provider.ts` as a test of the target. */
export function metricProviderContract(target: MetricProviderTarget): void {
  const cases = [...answerCases, ...flawedCases, ...faultCases, ...addressCases]
  const skip = new Map(Object.entries(target.skip ?? {}))

  describe(`metric provider contract: ${target.name}`, () => {
    const teardown = useTeardown()

    it('skips name cases and reasons', () => {
      const names = cases.map(({ name }) => name)
      expect(new Set(names).size).toBe(names.length)
      expect([...skip.keys()].filter((name) => !names.includes(name))).toEqual([])
      expect([...skip.values()].every((reason) => reason.trim() !== '')).toBe(true)
    })

    it.for(cases.map((each) => [each.name, each] as const))('%s', async ([name, testCase], { skip: leaveOut }) => {
      const reason = skip.get(name)
      leaveOut(reason !== undefined, reason)
      await testCase.run({
        target,
        serve: async (act) => teardown.add(await hostileServer(act), (server) => server.close()),
      })
      expect.hasAssertions()
    })
  })
}
