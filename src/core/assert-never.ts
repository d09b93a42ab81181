/** Ends an exhaustive switch: a new member of the union breaks the build here. */
export function assertNever(value: never): never {
  throw new Error(`a case is missing for ${JSON.stringify(value)}`)
}
