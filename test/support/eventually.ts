export interface Wait {
  /** What is waited for; the error says it. */
  readonly what: string
  /** @default 15000 */
  readonly deadlineMs?: number
}

/**
 * Resolves once the condition holds: it returned (or resolved to) anything but `false` without throwing, so that an `expect` is a condition
 * too. Rejects after the deadline with what was waited for and the last failure.
 */
export async function eventually(condition: () => unknown, { what, deadlineMs = 15_000 }: Wait): Promise<void> {
  const end = performance.now() + deadlineMs
  let failure: unknown
  for (let attempt = 0; performance.now() < end; attempt++) {
    try {
      if ((await within(condition(), end - performance.now())) !== false) return
      failure = undefined
    } catch (error) {
      failure = error
    }
    await pause(Math.min(25, attempt))
  }
  const last = failure instanceof Error ? `: ${failure.message}` : ''
  throw new Error(`not within ${deadlineMs} ms: ${what}${last}`, { cause: failure })
}

/** Resolves when the condition held at every look during a short while: for claims that something does not happen. */
export async function remains(
  condition: () => unknown,
  { what, forMs = 300 }: { what: string; forMs?: number },
): Promise<void> {
  const end = performance.now() + forMs
  while (performance.now() < end) {
    if ((await condition()) === false) throw new Error(`did not stay true for ${forMs} ms: ${what}`)
    await pause(10)
  }
}

/** The promise's outcome, or a rejection after `deadlineMs`. */
export async function settles<T>(promise: Promise<T>, { what, deadlineMs = 15_000 }: Wait): Promise<T> {
  return within(promise, deadlineMs, what)
}

async function within<T>(value: T | Promise<T>, ms: number, what = 'the condition itself did not settle'): Promise<T> {
  if (!(value instanceof Promise)) return value
  const { promise: late, reject } = Promise.withResolvers<never>()
  const timer = setTimeout(() => reject(new Error(`not within ${Math.round(ms)} ms: ${what}`)), Math.max(1, ms))
  try {
    return await Promise.race([value, late])
  } finally {
    clearTimeout(timer)
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}
