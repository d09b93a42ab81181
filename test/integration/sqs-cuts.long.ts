import { expect, it } from 'vitest'
import { useTeardown } from '../support/teardown.ts'
import { consumeThrough } from './support/sqs-cuts.ts'

const teardown = useTeardown({ deadlineMs: 30_000 })

it('1,000 answers that are cut, lost or refused lose no message', { timeout: 1_800_000 }, async () => {
  let faults = 0
  for (let seed = 1; faults < 1_000; seed++) faults += (await consumeThrough(teardown, seed)).faults
  expect(faults).toBeGreaterThanOrEqual(1_000)
})
