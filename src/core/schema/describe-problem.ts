import type { Path, Problem } from './reader.ts'

/** One line: `steps[1].weight: expected a percentage from 0 to 100, found "abc"`. `root` names a document whose path is empty. */
export function describeProblem(problem: Problem, root = 'the file'): string {
  return `${describePath(problem.path, root)}: expected ${problem.expected}, found ${problem.found}`
}

/** `steps[1].weight`; a key that is no plain word stands in brackets: `settings["a b"]`. */
export function describePath(path: Path, root = 'the file'): string {
  if (path.length === 0) return root
  return path.map(describeSegment).join('')
}

/** A found value as messages show it: at most 40 characters, nothing that could disturb a terminal or a log. */
export function describeValue(value: unknown): string {
  if (value === undefined) return 'nothing'
  if (value === null || typeof value === 'number' || typeof value === 'boolean') return String(value)
  if (typeof value === 'string') return quote(value)
  if (typeof value === 'object') return Array.isArray(value) ? 'a list' : 'an object'
  return `a ${typeof value}`
}

/** Text of foreign origin on one line, printable, at most `most` characters. */
export function escapeText(text: string, most: number): string {
  let [escaped, kept] = ['', '']
  for (const character of text) {
    escaped += escape(character)
    if (escaped.length > most) return `${kept}…`
    if (escaped.length < most) kept = escaped
  }
  return escaped
}

/** `a, b or c`. */
export function alternatives(words: readonly string[]): string {
  return words.length < 2 ? words.join('') : `${words.slice(0, -1).join(', ')} or ${words.at(-1)}`
}

const longest = 40
/** Control, format (bidirectional overrides among them), surrogate, line and paragraph separator. */
const unprintable = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u

function describeSegment(segment: string | number, index: number): string {
  if (typeof segment === 'number') return `[${segment}]`
  if (!/^[A-Za-z_$][\w$-]{0,63}$/.test(segment)) return `[${quote(segment)}]`
  return index === 0 ? segment : `.${segment}`
}

function quote(text: string): string {
  return `"${escapeText(text.slice(0, 2 * longest).replaceAll(/["\\]/g, String.raw`\$&`), longest - 2)}"`
}

function escape(character: string): string {
  if (character === '\n') return String.raw`\n`
  if (!unprintable.test(character)) return character
  const codes = Array.from({ length: character.length }, (_, index) => character.charCodeAt(index))
  return codes.map((code) => `\\u${code.toString(16).padStart(4, '0')}`).join('')
}
