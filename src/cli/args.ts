import { parseArgs } from 'node:util'
import type { ParseArgsConfig } from 'node:util'
import { parseDuration } from '../core/policy/duration.ts'
import type { CommandKind } from '../core/rollout/queue-state.ts'
import { versionProblems } from '../core/version.ts'
import { argumentMistake, repeatedOptions } from './argument-mistake.ts'
import type { OptionTokens } from './argument-mistake.ts'
import type { Command, Place, Waiting } from './command.ts'
import { commandNames, isCommandName } from './help.ts'
import type { CommandName } from './help.ts'

/** `topic` is the command whose help belongs to the mistake. */
export type ParsedArguments =
  | { readonly ok: true; readonly command: Command }
  | { readonly ok: false; readonly why: string; readonly topic: CommandName | undefined }

/** Reads the arguments after the program's name. Never throws. */
export function parseArguments(argv: readonly string[]): ParsedArguments {
  const [first, ...rest] = argv
  if (first === undefined) return { ok: false, why: 'a command is missing', topic: undefined }
  if (first === '--version' || first === '-v') return { ok: true, command: { kind: 'version' } }
  if (helpWords.includes(first)) return help(rest[0])
  if (!isCommandName(first)) {
    const problem = laterCommands.includes(first) ? 'not in this release' : 'no command'
    const why = `${JSON.stringify(first)} is ${problem}; the commands are ${commandNames.join(', ')}`
    return { ok: false, why, topic: undefined }
  }
  if (rest.some((word) => word === '--help' || word === '-h')) return help(first)
  if (first === 'policy') {
    return {
      ok: true,
      command: { kind: 'policy', args: rest.filter((word) => word !== '--json'), json: rest.includes('--json') },
    }
  }
  return build(first, rest)
}

const laterCommands = ['report']
const helpWords = ['--help', '-h', 'help']

function help(topic: string | undefined): ParsedArguments {
  return { ok: true, command: { kind: 'help', topic: isCommandName(topic) ? topic : undefined } }
}

const flag = { type: 'boolean' } as const
const value = { type: 'string' } as const
const several = { type: 'string', multiple: true } as const

type Options = NonNullable<ParseArgsConfig['options']>
const placeOptions: Options = { store: value, namespace: value }
const waitOptions: Options = { watch: flag, timeout: value, 'exit-on-pause': flag }
const operateOptions: Options = { ...placeOptions, queue: value, reason: value, json: flag }

type Values = Readonly<Record<string, string | boolean | readonly (string | boolean)[] | undefined>>

interface Shape {
  readonly options: Options
  readonly required: readonly string[]
  /** Called with values that have everything required. */
  readonly make: (values: Values) => Command
}

type PlainCommand = Exclude<CommandName, 'policy'>

const shapes: Readonly<Record<PlainCommand, Shape>> = {
  worker: { options: placeOptions, required: [], make: (values) => ({ kind: 'worker', place: placeOf(values) }) },
  start: {
    options: {
      ...placeOptions,
      ...waitOptions,
      queue: several,
      version: value,
      policy: value,
      force: flag,
      json: flag,
    },
    required: ['queue', 'version', 'policy'],
    make: (values) => ({
      kind: 'start',
      queues: [...new Set(texts(values, 'queue'))],
      json: isSet(values, 'json'),
      place: placeOf(values),
      ...waitingOf(values),
      version: text(values, 'version') ?? '',
      policy: text(values, 'policy') ?? '',
      force: isSet(values, 'force'),
    }),
  },
  status: {
    options: { ...placeOptions, queue: value, watch: flag, json: flag },
    required: [],
    make: (values) => ({
      kind: 'status',
      ...targetOf(values),
      queue: text(values, 'queue'),
      watch: isSet(values, 'watch'),
    }),
  },
  promote: { ...operating('promote'), options: { ...operateOptions, full: flag } },
  pause: operating('pause'),
  resume: operating('resume'),
  abort: operating('abort'),
  retry: again('retry'),
  undo: again('undo'),
  doctor: {
    options: { ...placeOptions, json: flag },
    required: [],
    make: (values) => ({ kind: 'doctor', json: isSet(values, 'json'), place: placeOf(values) }),
  },
  demo: { options: {}, required: [], make: () => ({ kind: 'demo' }) },
}

function operating(wish: CommandKind): Shape {
  return {
    options: operateOptions,
    required: ['queue'],
    make: (values) => ({
      kind: 'operate',
      wish,
      ...targetOf(values),
      full: isSet(values, 'full'),
      reason: text(values, 'reason') ?? '',
    }),
  }
}

function again(kind: 'retry' | 'undo'): Shape {
  return {
    options: { ...placeOptions, ...waitOptions, queue: value, json: flag },
    required: ['queue'],
    make: (values) => ({ kind, ...targetOf(values), ...waitingOf(values) }),
  }
}

function build(name: PlainCommand, words: readonly string[]): ParsedArguments {
  const { options, required, make } = shapes[name]
  let read: { readonly values: Values; readonly tokens: OptionTokens }
  try {
    read = parseArgs({ args: [...words], options, strict: true, allowPositionals: false, tokens: true })
  } catch (error) {
    return { ok: false, why: argumentMistake(error, Object.keys(options)), topic: name }
  }
  const { values, tokens } = read
  const problems = [
    ...required.flatMap((key) => missing(values, key)),
    ...mistakes(values),
    ...repeatedOptions(tokens, options),
  ]
  if (problems.length > 0) return { ok: false, why: problems.join('; '), topic: name }
  return { ok: true, command: make(values) }
}

function missing(values: Values, key: string): readonly string[] {
  return values[key] === undefined ? [`--${key} is missing`] : []
}

const waitWords = ['timeout', 'exit-on-pause']

function mistakes(values: Values): readonly string[] {
  const { timeout, watch } = values
  const idle = waitWords.filter((key) => watch !== true && values[key] !== undefined)
  const empty = Object.entries(values).filter(([, given]) => [given].flat().includes(''))
  return [
    ...idle.map((key) => `--${key} needs --watch`),
    ...empty.map(([key]) => `--${key}: expected a value, found an empty text`),
    ...(typeof timeout === 'string' && timeout !== '' && parseDuration(timeout) === undefined
      ? [`--timeout: expected a duration such as 30s, 5m or 2h, found ${JSON.stringify(timeout)}`]
      : []),
    ...versionMistakes(values['version']),
    ...reasonMistakes(values['reason']),
  ]
}

/** A version that no worker can have would be waited for without end. */
function versionMistakes(version: Values[string]): readonly string[] {
  return typeof version !== 'string' || version === '' ? [] : versionProblems('--version', version)
}

/** Each one is kept in the history, and a queue's record may not outgrow what a store takes. */
function reasonMistakes(reason: Values[string]): readonly string[] {
  if (typeof reason !== 'string' || reason.length <= longestReason) return []
  return [`--reason: expected at most ${longestReason} characters, found ${reason.length} characters`]
}

const longestReason = 500

function targetOf(values: Values) {
  return { queue: text(values, 'queue') ?? '', json: isSet(values, 'json'), place: placeOf(values) }
}

function placeOf(values: Values): Place {
  return { store: text(values, 'store'), namespace: text(values, 'namespace') }
}

function waitingOf(values: Values): Waiting {
  const timeout = text(values, 'timeout')
  return {
    watch: isSet(values, 'watch'),
    timeoutMs: timeout === undefined ? undefined : parseDuration(timeout),
    exitOnPause: isSet(values, 'exit-on-pause'),
  }
}

function isSet(values: Values, key: string): boolean {
  return values[key] === true
}

function text(values: Values, key: string): string | undefined {
  const given = values[key]
  return typeof given === 'string' ? given : undefined
}

function texts(values: Values, key: string): readonly string[] {
  return [values[key]].flat().filter((value) => typeof value === 'string')
}
