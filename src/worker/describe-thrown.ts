/**
 * The class of something thrown: its name and code, never its message (which may quote the payload). Safe for every value, also for proxies
 * and getters that throw; what does not look like an identifier is left out.
 */
export function describeThrown(thrown: unknown): string {
  if (thrown === null) return 'null'
  if (typeof thrown !== 'object' && typeof thrown !== 'function') return typeof thrown
  const name = identifier(thrown, 'name') ?? 'unnamed'
  const code = identifier(thrown, 'code')
  return code === undefined ? name : `${name} ${code}`
}

/** What a signal that aborts makes waits and requests throw. */
export function isAbort(thrown: unknown): boolean {
  return typeof thrown === 'object' && thrown !== null && identifier(thrown, 'name') === 'AbortError'
}

function identifier(thrown: object, key: 'name' | 'code'): string | undefined {
  try {
    const value: unknown = Reflect.get(thrown, key)
    const text = typeof value === 'number' ? `${value}` : value
    return typeof text === 'string' && /^[\w$.:-]{1,64}$/u.test(text) ? text : undefined
  } catch {
    return undefined
  }
}
