import { afterEach } from 'vitest'
import { settles } from './eventually.ts'

export interface Teardown {
  /** Registers how to close a resource where it is opened, and returns the resource. Closed after the test, last opened first. */
  add<T>(resource: T, close: (resource: T) => unknown): T
}

/** To be called where hooks may be registered: at the top of a test file or inside `describe`. A close that fails or hangs fails the test. */
export function useTeardown({ deadlineMs = 15_000 }: { deadlineMs?: number } = {}): Teardown {
  const closers: (() => unknown)[] = []
  afterEach(async () => {
    const failures: unknown[] = []
    for (const close of closers.splice(0).toReversed()) {
      try {
        await settles(Promise.resolve(close()), { what: 'closing a resource of the test', deadlineMs })
      } catch (error) {
        failures.push(error)
      }
    }
    if (failures.length > 0) throw new AggregateError(failures, `teardown failed: ${failures.map(String).join('; ')}`)
  })
  return {
    add(resource, close) {
      closers.push(() => close(resource))
      return resource
    },
  }
}
