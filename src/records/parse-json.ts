/** Larger records are not ours: what does not fit is neither read nor written. */
export const mostCharacters = 1_000_000

/** undefined where the text is no JSON, or more than a record may be. */
export function parseJson(text: string): unknown {
  if (text.length > mostCharacters) return undefined
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
