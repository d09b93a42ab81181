import { parseArgs } from 'node:util'
import type { Assumed } from '../core/policy/assumed.ts'
import { duration } from '../core/policy/duration.ts'
import { fraction } from '../core/policy/percentage.ts'
import { rate } from '../core/policy/rate.ts'
import { mostLatency } from '../core/policy/test-reader.ts'
import type { Given } from '../core/policy/test-reader.ts'
import { trafficKinds } from '../core/policy/traffic-kind.ts'
import { alternatives, describeValue } from '../core/schema/describe-problem.ts'
import { parseWith } from '../core/schema/reader.ts'
import type { Infer, Reader } from '../core/schema/reader.ts'
import { oneOf, parsed } from '../core/schema/scalars.ts'
import { mostRuns } from '../simulate/summary.ts'
import { argumentMistake, repeatedOptions } from './argument-mistake.ts'

/** What `policy` is asked to do. */
export type PolicyAction =
  | { readonly kind: 'lint'; readonly file: string; readonly assumed: Assumed }
  | { readonly kind: 'show'; readonly file: string }
  | { readonly kind: 'schema' }
  | SimulateAction
  | TestAction

export interface SimulateAction extends Runs {
  readonly kind: 'simulate'
  readonly file: string
  readonly given: Given
  /** Part of the messages that fails on every version. */
  readonly poison: number
  readonly deathsPerHour: number
}

export interface TestAction extends Runs {
  readonly kind: 'test'
  readonly file: string
  /** Path of a JUnit report; undefined: none. */
  readonly out: string | undefined
}

export interface Runs {
  readonly runs: number
  readonly seed: number
}

export type ParsedAction =
  | { readonly ok: true; readonly action: PolicyAction }
  | { readonly ok: false; readonly why: string }

/** Reads what follows `policy`, `--json` excepted. Never throws. */
export function parsePolicyArguments([name, ...words]: readonly string[]): ParsedAction {
  if (name === undefined) return { ok: false, why: usage }
  const shape = Object.hasOwn(shapes, name) ? shapes[name as ActionName] : undefined
  if (shape === undefined) {
    const expected = alternatives(Object.keys(shapes))
    return { ok: false, why: `expected ${expected}, found ${describeValue(name)}; ${usage}` }
  }
  const read = readWords(words, shape)
  const problems = read.problems.map((problem) => `policy ${name}: ${problem}`)
  return problems.length > 0
    ? { ok: false, why: [...problems, `usage: queue-canary policy ${shape.usage}`].join('; ') }
    : { ok: true, action: shape.make(read.file, read.values) }
}

const options = {
  rate: rate(),
  'stable-failures': fraction(),
  'canary-failures': fraction(),
  onset: duration(),
  latency: duration({ min: '1ms', max: mostLatency }),
  'canary-latency': duration({ min: '1ms', max: mostLatency }),
  traffic: oneOf(trafficKinds),
  poison: fraction(),
  deaths: rate(),
  runs: whole(1, mostRuns),
  seed: whole(0, 2 ** 32 - 1),
  out: parsed({ expected: 'a path', pattern: /^[^\0]+$/, parse: (text) => text }),
}
type OptionName = keyof typeof options
type Values = { readonly [Name in OptionName]?: Infer<(typeof options)[Name]> }

interface Shape {
  readonly usage: string
  readonly files: 0 | 1
  readonly options: readonly OptionName[]
  readonly required: readonly OptionName[]
  readonly make: (file: string, values: Values) => PolicyAction
}

type ActionName = PolicyAction['kind']

const shapes: Readonly<Record<ActionName, Shape>> = {
  lint: {
    usage: 'lint F [--rate 100/s] [--latency 20ms] [--stable-failures 1%]',
    files: 1,
    options: ['rate', 'latency', 'stable-failures'],
    required: [],
    make: (file, values) => ({
      kind: 'lint',
      file,
      assumed: {
        ratePerSecond: values.rate,
        latencyMs: values.latency,
        stableFailures: values['stable-failures'],
      },
    }),
  },
  show: { usage: 'show F', files: 1, options: [], required: [], make: (file) => ({ kind: 'show', file }) },
  schema: { usage: 'schema', files: 0, options: [], required: [], make: () => ({ kind: 'schema' }) },
  simulate: {
    usage: 'simulate F --rate 100/s --stable-failures 1% --canary-failures 5% [options: see policy --help]',
    files: 1,
    options: [
      'rate',
      'stable-failures',
      'canary-failures',
      'onset',
      'latency',
      'canary-latency',
      'traffic',
      'poison',
      'deaths',
      'runs',
      'seed',
    ],
    required: ['rate', 'stable-failures', 'canary-failures'],
    make: (file, values) => ({
      kind: 'simulate',
      file,
      given: givenBy(values),
      poison: values.poison ?? 0,
      deathsPerHour: (values.deaths ?? 0) * secondsInHour,
      runs: values.runs ?? 1_000,
      seed: values.seed ?? 1,
    }),
  },
  test: {
    usage: 'test F [--runs 200] [--seed 1] [--out FILE.xml]',
    files: 1,
    options: ['runs', 'seed', 'out'],
    required: [],
    make: (file, values) => ({
      kind: 'test',
      file,
      runs: values.runs ?? 200,
      seed: values.seed ?? 1,
      out: values.out,
    }),
  },
}

const usage = `usage: queue-canary policy ${Object.keys(shapes).join('|')} F; queue-canary policy --help says more`
const secondsInHour = 3_600

function givenBy(values: Values): Given {
  return {
    rate: values.rate,
    stableFailures: values['stable-failures'],
    canaryFailures: values['canary-failures'],
    latency: values.latency,
    canaryLatency: values['canary-latency'],
    onset: values.onset,
    traffic: values.traffic,
  }
}

function readWords(words: readonly string[], shape: Shape) {
  const nothing = { file: '', values: {} }
  let given: ReturnType<typeof parseWords>
  try {
    given = parseWords(words, shape)
  } catch (error) {
    return { ...nothing, problems: [argumentMistake(error, [...shape.options, 'json'])] }
  }
  const { positionals, texts, repeated } = given
  const missing = shape.required.filter((name) => texts[name] === undefined).map((name) => `--${name} is missing`)
  const { values, problems } = readTexts(texts)
  const all = [...fileProblems(positionals, shape), ...missing, ...repeated, ...problems]
  return { file: positionals[0] ?? '', values, problems: all }
}

function parseWords(words: readonly string[], shape: Shape) {
  const known = Object.fromEntries(shape.options.map((name) => [name, { type: 'string' } as const]))
  const config = { options: known, strict: true, allowPositionals: true, tokens: true } as const
  const { positionals, values, tokens } = parseArgs({ args: [...words], ...config })
  const texts = values as Readonly<Partial<Record<OptionName, string>>>
  return { positionals, texts, repeated: repeatedOptions(tokens, known) }
}

function fileProblems(files: readonly string[], shape: Shape): readonly string[] {
  if (files.length === shape.files) return []
  return [`expected ${shape.files === 0 ? 'no file' : 'one policy file'}, found ${files.length}`]
}

function readTexts(texts: Readonly<Partial<Record<OptionName, string>>>): {
  readonly values: Values
  readonly problems: readonly string[]
} {
  const problems: string[] = []
  const entries = Object.entries(texts).map(([name, text]) => {
    const read = parseWith<unknown>(options[name as OptionName], text)
    if (read.ok) return [name, read.value] as const
    problems.push(...read.problems.map(({ expected, found }) => `--${name}: expected ${expected}, found ${found}`))
    return [name, undefined] as const
  })
  return { values: Object.fromEntries(entries) as Values, problems }
}

function whole(min: number, max: number): Reader<number> {
  return parsed({
    expected: `a whole number from ${min} to ${max}`,
    pattern: /^\d{1,10}$/,
    parse: (text) => (Number(text) >= min && Number(text) <= max ? Number(text) : undefined),
  })
}
