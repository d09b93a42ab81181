import { expect } from 'vitest'
import type { Store } from '../../src/contracts/store.ts'
import { QueueCanaryError } from '../../src/errors.ts'

/** Code and message of what each method rejects with, in the order get, put, list, delete. Fails where a message shows a secret or a value. */
export async function refusals(store: Store): Promise<readonly string[]> {
  const calls = [store.get('k'), store.put('k', 'a secret value', undefined), store.list(''), store.delete('k')]
  const outcomes = await Promise.allSettled(calls)
  return outcomes.map((outcome) => {
    if (outcome.status === 'fulfilled') return 'no refusal'
    const text = describe(outcome.reason)
    expect(text).not.toMatch(/secret|hunter2/)
    return text
  })
}

/** What `refusals` gives where every method is refused for this reason. */
export function allRefused(reason: RegExp): readonly unknown[] {
  const whole = new RegExp(`^STORE_REFUSED the store \\w+://[\\w.:]+(?:/\\S*)?,? .*${reason.source}`)
  return Array.from({ length: 4 }, () => expect.stringMatching(whole))
}

function describe(reason: unknown): string {
  return reason instanceof QueueCanaryError ? `${reason.code} ${reason.message}` : String(reason)
}
