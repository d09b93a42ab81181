import type { Store } from '../../src/contracts/store.ts'

/** Adds one `times` times by compare-and-set; resolves to the number of successes. */
export async function increment(store: Store, key: string, times: number): Promise<number> {
  let done = 0
  while (done < times) {
    const found = await store.get(key)
    if ((await store.put(key, `${Number(found?.value ?? 0) + 1}`, found?.revision)) !== undefined) done++
    await new Promise((resolve) => setImmediate(resolve))
  }
  return done
}
