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
