import type { ParseArgsConfig } from 'node:util'

/** Node's messages about arguments in the words of the others; its advice on positional arguments does not fit here. */
export function argumentMistake(error: unknown, known: readonly string[]): string {
  const message = error instanceof Error ? error.message : String(error)
  const [, lacking] = /^Option '(--[\w-]+)(?: <value>)?' argument (?:is ambiguous|missing)/.exec(message) ?? []
  if (lacking !== undefined)
    return `${lacking}: expected a value, found ${message.includes('ambiguous') ? 'another option' : 'nothing'}`
  const [said = message] = message.split(/\. (?:To specify|This command)/)
  const options = known.map((key) => `--${key}`).join(' ')
  return `${said.replace(/\.$/, '')}; ${options === '' ? 'the command takes no options' : `the options are ${options}`}`
}

/** What `parseArgs` tells of each word. */
export type OptionTokens = readonly { readonly kind: string; readonly name?: string }[]

/** Options with one value that were given several: Node takes the last, without a word. */
export function repeatedOptions(
  tokens: OptionTokens,
  options: NonNullable<ParseArgsConfig['options']>,
): readonly string[] {
  return Object.entries(options).flatMap(([key, { type, multiple = false }]) => {
    const found = tokens.filter(({ kind, name }) => kind === 'option' && name === key).length
    return type === 'string' && !multiple && found > 1
      ? [`--${key}: expected one, found ${found}${whyOne[key] ?? ''}`]
      : []
  })
}

const whyOne: Readonly<Record<string, string>> = { queue: ': only start takes several, as one rollout' }
