import { expect, test } from 'vitest'
import { Lab } from './lab.ts'
import type { Member } from './lab.ts'

/** Counts the times that the member has read the reports. */
function countReads({ store }: Member): { reads: number } {
  const counter = { reads: 0 }
  const list = store.list.bind(store)
  const counting = (prefix: string) => {
    counter.reads++
    return list(prefix)
  }
  Object.assign(store, { list: counting })
  return counter
}

test('between rollouts the lease is renewed each second, and reports are read every five', async () => {
  const lab = await Lab.open()
  const counter = countReads(lab.add('s1', 'v1'))
  await lab.run(2_000)
  const { lease, sequence } = await lab.state()
  expect(lease.holder).toBe('s1')
  counter.reads = 0
  await lab.run(20_000)
  expect((await lab.state()).sequence - sequence).toBeGreaterThanOrEqual(18)
  expect(counter.reads).toBe(4)
})

test('a rollout that runs is judged by the reports of each look', async () => {
  const lab = await Lab.open()
  const [stable] = [lab.add('s1', 'v1'), lab.add('c1', 'v2')]
  await lab.run(2_000)
  await lab.start()
  const counter = countReads(stable)
  await lab.run(1_000)
  expect(counter.reads).toBe(20)
})
