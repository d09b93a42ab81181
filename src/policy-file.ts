import { createReadStream } from 'node:fs'
import { Composer, isAlias, isMap, isNode, isScalar, isSeq, LineCounter, Parser, stringify } from 'yaml'
import type { Alias, CST, Document } from 'yaml'
import type { Policy } from './core/policy/policy.ts'
import { parsePolicy } from './core/policy/parse-policy.ts'
import { showPolicy } from './core/policy/show-policy.ts'
import { describeProblem, escapeText } from './core/schema/describe-problem.ts'
import type { Path, Problem } from './core/schema/reader.ts'

/** `problems` are lines for people, in the order of the file: `steps[1].weight: expected …, found … (line 4, column 15)`. */
export type PolicyText =
  | { readonly ok: true; readonly policy: Policy }
  | { readonly ok: false; readonly problems: readonly string[] }

/** Reads a policy from a file, which `root` names. Never rejects: a file that cannot be read is a problem like any other. */
export async function loadPolicyFile(path: string, root = 'the file'): Promise<PolicyText> {
  const chunks: Buffer[] = []
  try {
    // One byte more than is accepted, however long the file is.
    const stream = createReadStream(path, { end: mostBytes, signal: AbortSignal.timeout(readTimeoutMs) })
    for await (const chunk of stream) chunks.push(chunk)
  } catch (error) {
    return refuse(`${root}: expected a file that can be read, found ${reasonOf(error)}`)
  }
  const bytes = Buffer.concat(chunks)
  if (bytes.length > mostBytes) return refuse(tooLong)
  const text = decodeUtf8(bytes)
  return text === undefined ? refuse(`${root}: expected UTF-8 text, found other bytes`) : readPolicyText(text)
}

/** Reads a policy from YAML 1.2 (core schema) or JSON of at most 64 KiB. Never throws, and costs little whatever the text holds. */
export function readPolicyText(text: string): PolicyText {
  if (Buffer.byteLength(text) > mostBytes) return refuse(tooLong)
  const lines = new LineCounter()
  const tokens = [...new Parser(lines.addNewLine).parse(text)]
  if (isTooDeep(tokens)) return refuse(`the file: expected at most ${mostLevels} levels of nesting, found more`)
  const [document, ...others] = new Composer(yamlOptions).compose(tokens, true, text.length)
  if (document === undefined || others.length > 0) return refuse('the file: expected one document, found several')
  const broken = [...syntaxProblems(document, lines), ...aliasProblems(document, lines)]
  if (broken.length > 0) return refuse(...broken)
  if (document.contents === null) return refuse('the file: expected a policy, found an empty file')
  const parsed = parsePolicy(document.toJS())
  const problems = [...repeatedKeys(document), ...(parsed.ok ? [] : parsed.problems)]
  return parsed.ok && problems.length === 0 ? parsed : refuse(...inOrder(problems, document, lines))
}

/** The policy as a YAML file with every default spelled out. */
export function policyYaml(policy: Policy): string {
  return stringify(showPolicy(policy), { version: '1.2', schema: 'core', aliasDuplicateObjects: false })
}

const mostBytes = 64 * 1024
const mostLevels = 16
const mostAliases = 10
const readTimeoutMs = 10_000
const tooLong = 'the file: expected at most 64 KiB, found more'

const yamlOptions = {
  version: '1.2',
  schema: 'core',
  merge: false,
  resolveKnownTags: false,
  stringKeys: true,
  prettyErrors: false,
  logLevel: 'silent',
  // `repeatedKeys` names the key, which the parser's own check does not.
  uniqueKeys: false,
} as const

/** Tokens are read without recursion, so they can be measured before anything walks the document with recursion. */
function isTooDeep(tokens: readonly CST.Token[]): boolean {
  const open = tokens.map((token) => ({ token, level: 0 }))
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const level = 'items' in next.token ? next.level + 1 : next.level
    if (level > mostLevels) return true
    for (const token of tokensIn(next.token)) open.push({ token, level })
  }
  return false
}

function tokensIn(token: CST.Token): readonly CST.Token[] {
  if (token.type === 'document') return token.value === undefined ? [] : [token.value]
  if (!('items' in token)) return []
  return token.items.flatMap((item) => [item.key ?? [], item.value ?? []].flat())
}

function syntaxProblems(document: Document.Parsed, lines: LineCounter): readonly string[] {
  const { version } = document.directives.yaml
  const directive = version === '1.2' ? [] : [`the file: expected YAML 1.2, found a directive for ${version}`]
  const found = [...document.errors, ...document.warnings].map(({ code, message, pos }) => {
    const text = code === 'TAG_RESOLVE_FAILED' ? `tags are not accepted (${message})` : message
    return `syntax: ${escapeText(text, 200)}${positionText(pos[0], lines)}`
  })
  return [...directive, ...found]
}

/** An alias must have an anchor, and may not stand inside it. Few of them are accepted, so what they expand to stays small. */
function aliasProblems(document: Document.Parsed, lines: LineCounter): readonly string[] {
  const aliases = aliasesIn(document.contents, [])
  if (aliases.length > mostAliases) {
    return [`the file: expected at most ${mostAliases} aliases, found ${aliases.length}`]
  }
  return aliases.flatMap(({ alias, inside }) => {
    const target = alias.resolve(document)
    if (target !== undefined && !inside.includes(target)) return []
    const expected = target === undefined ? 'an anchor before the alias' : 'no alias inside its own anchor'
    return [
      `syntax: expected ${expected}, found *${escapeText(alias.source, 40)}${positionText(alias.range?.[0], lines)}`,
    ]
  })
}

interface FoundAlias {
  readonly alias: Alias
  readonly inside: readonly unknown[]
}

function aliasesIn(node: unknown, inside: readonly unknown[]): readonly FoundAlias[] {
  if (isAlias(node)) return [{ alias: node, inside }]
  return childrenOf(node).flatMap(({ value }) => aliasesIn(value, [...inside, node]))
}

function repeatedKeys(document: Document.Parsed): readonly Problem[] {
  return repeatedIn(document.contents, [])
}

function repeatedIn(node: unknown, path: Path): readonly Problem[] {
  const seen = new Set<string | number>()
  return childrenOf(node).flatMap(({ key, value }): readonly Problem[] => {
    const at = [...path, key]
    const repeated = seen.has(key)
    seen.add(key)
    const problem = { path: at, expected: 'a key that stands here once', found: 'it again', at: 'key' } as const
    return [...(repeated ? [problem] : []), ...repeatedIn(value, at)]
  })
}

/** Problems as lines, sorted by their place in the file; those without a place come last. */
function inOrder(problems: readonly Problem[], document: Document.Parsed, lines: LineCounter): readonly string[] {
  const placed = problems.map((problem) => ({ problem, offset: offsetOf(problem, document) }))
  const sorted = placed.toSorted((a, b) => (a.offset ?? Infinity) - (b.offset ?? Infinity))
  return sorted.map(({ problem, offset }) => `${describeProblem(problem)}${positionText(offset, lines)}`)
}

/** Where a problem's value (or key) stands, or else the innermost thing around it; undefined for the file as a whole. */
function offsetOf(problem: Problem, document: Document.Parsed): number | undefined {
  let node: unknown = document.contents
  let offset: number | undefined
  for (const [index, segment] of problem.path.entries()) {
    const around = isAlias(node) ? node.resolve(document) : node
    // The last of several equal keys is the one that counts, and the one that a repetition is reported for.
    const child = childrenOf(around).findLast(({ key }) => key === segment)
    if (child === undefined) return offset
    const onKey = problem.at === 'key' && index === problem.path.length - 1
    offset = (onKey ? child.keyOffset : undefined) ?? rangeStart(child.value) ?? child.keyOffset
    node = child.value
  }
  return offset
}

interface Child {
  readonly key: string | number
  readonly value: unknown
  readonly keyOffset: number | undefined
}

function childrenOf(node: unknown): readonly Child[] {
  if (isSeq(node)) return node.items.map((value, key) => ({ key, value, keyOffset: rangeStart(value) }))
  if (!isMap(node)) return []
  return node.items.map(({ key, value }) => ({
    key: isScalar(key) ? String(key.value) : '',
    value,
    keyOffset: rangeStart(key),
  }))
}

function rangeStart(node: unknown): number | undefined {
  return isNode(node) ? node.range?.[0] : undefined
}

function positionText(offset: number | undefined, lines: LineCounter): string {
  if (offset === undefined) return ''
  const { line, col } = lines.linePos(offset)
  return ` (line ${line}, column ${col})`
}

function refuse(...problems: readonly string[]): PolicyText {
  return { ok: false, problems }
}

function decodeUtf8(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    return undefined
  }
}

function reasonOf(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  if (code === 'ENOENT') return 'none of this name'
  if (code === 'EISDIR') return 'a directory'
  return typeof code === 'string' ? code : 'an error'
}
