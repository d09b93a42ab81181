/** The value of a command line's option. */
export function wholeOption(name: string, text: string): number {
  const value = Number(text)
  if (!Number.isInteger(value) || value < 1)
    throw new Error(`--${name}: expected a whole number from 1, found "${text}"`)
  return value
}
