/** What a query may be about. */
export const placeholders = ['queue', 'version', 'rollout', 'namespace'] as const
export type Placeholder = (typeof placeholders)[number]
/** `version` is the canary's, `rollout` the id of the running rollout. */
export type TemplateValues = Readonly<Record<Placeholder, string>>

export interface FoundPlaceholder {
  /** As it is written, without the braces and the space inside them. */
  readonly name: string
  /** Where its braces begin. */
  readonly at: number
}

/** Everything in double braces, known or not. Braces that are not closed are named by what follows them. */
export function placeholdersIn(text: string): readonly FoundPlaceholder[] {
  return Array.from(text.matchAll(/\{\{([^{}]*)(?:\}\})?/g), ({ 0: whole, 1: name = '', index }) => ({
    name: whole.endsWith('}}') ? name.trim() : whole,
    at: index,
  }))
}

export function isPlaceholder(name: string): name is Placeholder {
  return placeholders.some((known) => known === name)
}

/** Puts the values in; what is no known placeholder stays as it is. `escape` makes a value fit where it stands. */
export function fillTemplate(text: string, values: TemplateValues, escape: (value: string) => string): string {
  return text.replaceAll(/\{\{([^{}]*)\}\}/g, (whole, name: string) => {
    const known = name.trim()
    return isPlaceholder(known) ? escape(values[known]) : whole
  })
}

/** A value inside a PromQL string in double quotes: it cannot end the string, whatever it holds. */
export function escapePromql(value: string): string {
  return value
    .toWellFormed()
    .replaceAll(/["\\]/g, String.raw`\$&`)
    .replaceAll(/\p{Cc}/gu, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`)
}

/** A value as a part of a path or a query of a URL. */
export function escapeUrl(value: string): string {
  return encodeURIComponent(value.toWellFormed())
}

/** True where the place is inside a PromQL string in double quotes: the only one that `escapePromql` is safe for. */
export function isInDoubleQuotes(query: string, at: number): boolean {
  let open: string | undefined
  for (let index = 0; index < at; index += 1) {
    const character = query.charAt(index)
    if (open === undefined) open = opening.has(character) ? character : undefined
    else if (character === closing(open)) open = undefined
    else if (character === '\\' && (open === '"' || open === "'")) index += 1
  }
  return open === '"'
}

/** Strings in three kinds of quotes, and comments. */
const opening: ReadonlySet<string> = new Set(['"', "'", '`', '#'])

function closing(open: string): string {
  return open === '#' ? '\n' : open
}
