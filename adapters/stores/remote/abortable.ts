/** What `act` resolves to. Once the signal aborts, or where `act` fails, `end` ends what it works with, and the promise rejects. */
export async function endedOnAbort<T>(signal: AbortSignal, end: () => void, act: () => Promise<T>): Promise<T> {
  signal.addEventListener('abort', end)
  try {
    signal.throwIfAborted()
    const result = await act()
    signal.throwIfAborted()
    return result
  } catch (error) {
    end()
    throw error
  } finally {
    signal.removeEventListener('abort', end)
  }
}

/** The promise's outcome, or a rejection once the signal aborts; then what comes too late is done away with. */
export async function untilAborted<T>(
  signal: AbortSignal,
  promise: Promise<T>,
  discard: (late: T) => void,
): Promise<T> {
  const { promise: aborted, reject } = Promise.withResolvers<never>()
  const abort = (): void => reject(signal.reason)
  signal.addEventListener('abort', abort)
  if (signal.aborted) abort()
  try {
    return await Promise.race([promise, aborted])
  } catch (error) {
    if (signal.aborted) void promise.then(discard, () => undefined)
    throw error
  } finally {
    signal.removeEventListener('abort', abort)
  }
}
