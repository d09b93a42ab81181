/** What is wrong, and each part of it on a line of its own. */
export function listed(what: string, problems: readonly string[]): string {
  return `${what}:\n${problems.map((problem) => `  ${problem}`).join('\n')}`
}
