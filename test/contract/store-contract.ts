import { describe, expect, it } from 'vitest'
import { useTeardown } from '../support/teardown.ts'
import { concurrencyCases, lifecycleCases } from './store/concurrency-cases.ts'
import { documentCases } from './store/document-cases.ts'
import type { StoreTarget } from './store/store-case.ts'

export type { StoreTarget, StoreUnderTest } from './store/store-case.ts'

/** Registers every promise of `src/contracts/store.ts` as a test of the target. */
export function storeContract(target: StoreTarget): void {
  const cases = [...documentCases, ...concurrencyCases, ...lifecycleCases]
  const skip = new Map(Object.entries(target.skip ?? {}))

  describe(`store contract: ${target.name}`, () => {
    const teardown = useTeardown()

    it('skips name cases and reasons', () => {
      const names = cases.map(({ name }) => name)
      expect(new Set(names).size).toBe(names.length)
      expect([...skip.keys()].filter((name) => !names.includes(name))).toEqual([])
      expect([...skip.values()].every((reason) => reason.trim() !== '')).toBe(true)
    })

    it.for(cases.map((each) => [each.name, each] as const))(
      '%s',
      { timeout: 120_000 },
      async ([name, testCase], { skip: leaveOut }) => {
        const reason = skip.get(name)
        leaveOut(reason !== undefined, reason)
        const documents = teardown.add(await target.open(), (opened) => opened.dispose())
        await testCase.run(async () => teardown.add(await documents.connect(), (store) => store.close()))
        expect.hasAssertions()
      },
    )
  })
}
