/** What a driver says of a connection. One that was tried at several addresses in vain makes an error whose only text is its code. */
export function failureText(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown failure'
  return error.message || ('code' in error && typeof error.code === 'string' ? error.code : error.constructor.name)
}
