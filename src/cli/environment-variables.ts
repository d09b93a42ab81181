import { describe } from '../core/schema/combine.ts'
import { escapeText } from '../core/schema/describe-problem.ts'
import { object, optional, withDefault } from '../core/schema/objects.ts'
import type { Fields, ObjectOf } from '../core/schema/objects.ts'
import { parseWith } from '../core/schema/reader.ts'
import { referenceTable } from '../core/schema/reference-table.ts'
import { oneOf } from '../core/schema/scalars.ts'
import { duration } from '../core/policy/duration.ts'
import { versionReader } from '../core/version.ts'
import { describeLocation } from './describe-location.ts'
import {
  allowedHostsReader,
  brokerReader,
  handBackReader,
  httpReader,
  modulePathReader,
  namespaceReader,
  notBuiltReader,
  policyPathReader,
  queueNameReader,
  queueNamesReader,
  storeReader,
  wholeNumberReader,
  workerReader,
} from './environment-readers.ts'

export const variablePrefix = 'QUEUE_CANARY_'

const logLevels = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const
export type LogLevel = (typeof logLevels)[number]

/** Where the endpoints are when nobody says where. */
export const defaultHttp = '127.0.0.1:9464'

/** Where the records are; without the prefix. */
export const placeFields = {
  STORE: describe('Where rollouts and reports live.', withDefault(storeReader(), 'sqlite:./queue-canary.db')),
  NAMESPACE: describe('Separates environments on one store.', withDefault(namespaceReader(), 'default')),
}

/** Variables of the process; without the prefix. */
export const processFields = {
  VERSION: describe('Version of this worker.', versionReader()),
  QUEUES: describe('The queues that it consumes.', queueNamesReader()),
  ...placeFields,
  HTTP: describe('Address of `/healthz`, `/readyz`, `/metrics` and `/status`.', optional(httpReader(), defaultHttp)),
  TOKEN: describe(
    'Bearer token of endpoints that change something.',
    notBuiltReader('endpoints that change something are'),
  ),
  METRICS_HOSTS: describe(
    'The only hosts that external metrics may be asked of.',
    optional(allowedHostsReader(), 'every host but link-local and metadata addresses'),
  ),
  AUTO: describe(
    'Whether a version that is new to the store starts a rollout by itself, by the policy of its queue.',
    withDefault(oneOf(['on', 'off']), 'off'),
  ),
  WHEN_RETIRED: describe(
    'What follows when all its versions are retired.',
    withDefault(oneOf(['exit', 'idle']), 'exit'),
  ),
  LOG_LEVEL: describe('What is logged.', withDefault(oneOf(logLevels), 'info')),
  DRAIN_TIMEOUT: describe(
    'Time that messages in flight have after SIGTERM.',
    withDefault(duration({ min: '1ms', max: '1d' }), '25s'),
  ),
  WORKER: describe(
    'Id of this worker, unique among those that run.',
    optional(workerReader(), 'made of host name and process id'),
  ),
}

/** Variables of one queue; without the prefix and the queue. */
export const queueFields = {
  URL: describe('Its broker.', brokerReader()),
  NAME: describe(
    'Its name on the broker; on SQS the URL says it.',
    optional(queueNameReader(), 'as listed in `QUEUE_CANARY_QUEUES`'),
  ),
  HANDLER: describe('Path of the handler module.', modulePathReader()),
  CANARY_HANDLER: describe(
    'Hosts a canary in this process too: its handler module.',
    optional(modulePathReader(), 'none'),
  ),
  CANARY_VERSION: describe('Version of that canary.', optional(versionReader(), 'none')),
  POLICY: describe(
    'Policy file of automatic rollouts; `off`: this queue has none.',
    optional(policyPathReader(), 'none; required with `QUEUE_CANARY_AUTO=on`'),
  ),
  CONCURRENCY: describe(
    'Messages in flight of one consumer when unthrottled.',
    withDefault(wholeNumberReader(1, 10_000), '10'),
  ),
  PREFETCH: describe(
    'Messages that the broker may send ahead.',
    optional(wholeNumberReader(1, 65_535), 'twice the concurrency'),
  ),
  BATCH_SIZE: describe(
    'Messages of one batch, where the handler has `handleBatch`.',
    optional(wholeNumberReader(1, 10_000), 'what the handler says, else 10'),
  ),
  BATCH_LINGER: describe(
    'How long the first message of a batch waits for others; less than `HANDLER_TIMEOUT`.',
    optional(duration({ max: '1m' }), 'what the handler says, else 50ms'),
  ),
  HANDLER_TIMEOUT: describe(
    'Then the signal aborts and the message counts as timed out.',
    withDefault(duration({ min: '1ms', max: '12h' }), '30s'),
  ),
  MAX_ATTEMPTS: describe(
    'Attempts at a failing message before it is dead-lettered.',
    withDefault(wholeNumberReader(1, 1000), '5'),
  ),
  RETRY_DELAY: describe(
    'Before the second attempt; doubles with each, with jitter.',
    withDefault(duration({ max: '1h' }), '1s'),
  ),
  OUTAGE_PATIENCE: describe(
    'While every message fails, how long they are tried again beyond `MAX_ATTEMPTS`.',
    withDefault(duration({ max: '1d' }), '2m'),
  ),
  HAND_BACK: describe(
    'Where messages go that a canary failed: a queue made for it, none, or yours.',
    optional(handBackReader(), 'create; on SQS off'),
  ),
}

export type Variables = Readonly<Record<string, string | undefined>>

/** One variable: its name as messages say it, and its text. */
export interface Variable {
  readonly name: string
  readonly text: string | undefined
}

export interface Read<T> {
  /** undefined where there is a problem. */
  readonly value: T | undefined
  readonly problems: readonly string[]
}

export function variable(env: Variables, name: string): Variable {
  return { name, text: Object.hasOwn(env, name) ? env[name] : undefined }
}

/** Reads the variables of the fields; `find` gets a field's key. */
export function readVariables<F extends Fields>(fields: F, find: (key: string) => Variable): Read<ObjectOf<F>> {
  const texts = Object.keys(fields).map((key) => [key, find(key).text] as const)
  const parsed = parseWith(object(fields), Object.fromEntries(texts))
  if (parsed.ok) return { value: parsed.value, problems: [] }
  const problems = parsed.problems.map(({ path, expected, found }) => {
    const { name, text } = find(String(path[0]))
    // A URL that was meant for another variable has its password in it.
    return problemLine(name, expected, text?.includes('://') === true ? describeLocation(text) : found)
  })
  return { value: undefined, problems }
}

export function problemLine(name: string, expected: string, found: string): string {
  return `${escapeText(name, 300)}: expected ${expected}, found ${found}`
}

/** Markdown tables of every variable: of the process, then of each queue. */
export function environmentReference(): string {
  const ofProcess = referenceTable(object(processFields), variablePrefix)
  return `${ofProcess}\n${referenceTable(object(queueFields), `${variablePrefix}<Q>_`)}`
}
