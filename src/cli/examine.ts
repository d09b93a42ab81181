import { randomUUID } from 'node:crypto'
import type { Finding } from '../contracts/broker.ts'
import { nothingAssumed } from '../core/policy/assumed.ts'
import type { Policy } from '../core/policy/policy.ts'
import { warningsOf } from '../core/policy/warnings.ts'
import { isQueueCanaryError } from '../errors.ts'
import { readPolicyOf } from './automatic-policies.ts'
import type { Place } from './command.ts'
import type { Composition } from './compose.ts'
import { queuePrefix } from './environment-names.ts'
import type { QueueEnvironment } from './environment-queue.ts'
import { parseEnvironment, parseStoreSettings } from './environment.ts'
import { lingerProblems } from '../worker/batch-settings.ts'
import type { Io } from './io.ts'
import { loadHandler } from './load-handler.ts'
import { settingsFindings } from './settings-findings.ts'

/** A finding, and whether it only says that something did not answer. */
export interface Examined extends Finding {
  readonly unreachable: boolean
}

/** Looks at environment, store, handlers and queues, in this order. Never rejects: trouble is a finding. */
export async function examine(io: Io, place: Place, composition: Composition): Promise<readonly Examined[]> {
  const parsed = parseEnvironment(io.env, place)
  const store = await storeFindings(io, place, composition)
  if (!parsed.ok) return [...parsed.problems.map(environmentProblem), ...store]
  const { queues, version } = parsed.environment
  const each = await Promise.all(queues.map((queue) => queueFindings(queue, io, composition)))
  const names = queues.map(({ name }) => name).join(', ')
  return [ok('environment', `version ${version}, queues ${names}`), ...store, ...each.flat()]
}

function environmentProblem(problem: string): Examined {
  return error('environment', { found: problem, mend: 'set the variable to what is expected' })
}

async function storeFindings(io: Io, place: Place, composition: Composition): Promise<readonly Examined[]> {
  const settings = parseStoreSettings(io.env, place)
  if (!settings.ok) return []
  const { store: where, namespace } = settings.place
  const key = `${encodeURIComponent(namespace)}/doctor/${randomUUID()}`
  try {
    const store = await composition.openStore(where)
    try {
      const written = await store.put(key, '{}', undefined)
      const read = await store.get(key)
      await store.delete(key)
      if (written === undefined || read?.revision !== written) return [notReadBack]
      const more = (await store.diagnose?.()) ?? []
      return [ok('store', `${where.kind}, readable and writable`), ...more.map(reachable)]
    } finally {
      await store.close()
    }
  } catch (cause) {
    return [failure('store', cause, 'check --store or QUEUE_CANARY_STORE, and the rights on it')]
  }
}

const notReadBack = error('store', {
  found: 'what was written was not read back',
  mend: 'check that this is the store you mean',
})

async function queueFindings(queue: QueueEnvironment, io: Io, composition: Composition): Promise<readonly Examined[]> {
  const handlers = await handlerFindings(queue, io)
  const broker = await brokerFindings(queue, composition)
  return [...handlers, ...(await policyFindings(queue, io)), ...broker, ...settingsFindings(queue).map(reachable)]
}

async function policyFindings(queue: QueueEnvironment, { cwd }: Io): Promise<readonly Examined[]> {
  if (queue.policy === undefined) return []
  const { policy, problems } = await readPolicyOf(queue, cwd)
  const subject = `queue ${queue.name}, policy ${queue.policy}`
  if (policy !== undefined) return [ok(subject, 'can be run'), ...policyWarnings(subject, policy)]
  return problems.map((found) => error(subject, { found, mend: 'mend the file; queue-canary policy lint checks it' }))
}

function policyWarnings(subject: string, policy: Policy): readonly Examined[] {
  const mend = 'see how it would fare: queue-canary policy simulate'
  return warningsOf(policy, nothingAssumed).map(({ path, text }) => ({
    ...ok(subject, `${path}: ${text}`),
    level: 'warning',
    mend,
  }))
}

async function handlerFindings(queue: QueueEnvironment, { cwd }: Io): Promise<readonly Examined[]> {
  const prefix = queuePrefix(queue.name)
  const sources = [
    { variable: `${prefix}HANDLER`, path: queue.handler, cwd },
    ...(queue.canary === undefined ? [] : [{ variable: `${prefix}CANARY_HANDLER`, path: queue.canary.handler, cwd }]),
  ]
  return Promise.all(
    sources.map(async (source) => {
      const subject = `queue ${queue.name}, handler ${source.path}`
      try {
        const handler = await loadHandler(source)
        const [problem] = lingerProblems(handler, queue.batch, queue.handlerTimeoutMs)
        if (problem === undefined) return ok(subject, 'loads')
        return error(subject, {
          found: problem,
          mend: `lower ${prefix}BATCH_LINGER, or raise ${prefix}HANDLER_TIMEOUT`,
        })
      } catch (cause) {
        return failure(subject, cause, 'mend the module, or the path in the variable')
      }
    }),
  )
}

async function brokerFindings(queue: QueueEnvironment, composition: Composition): Promise<readonly Examined[]> {
  const subject = `queue ${queue.name}`
  try {
    const broker = await composition.openBroker(queue)
    try {
      const findings = await broker.diagnose()
      const isBad = findings.some(({ level }) => level === 'error')
      const unreachable = isBad && (await broker.inspect().then(() => false, isUnreachable))
      return findings.map((finding) => ({ ...finding, subject: `${subject}, ${finding.subject}`, unreachable }))
    } finally {
      await broker.close()
    }
  } catch (cause) {
    const [url, name, handBack] = ['URL', 'NAME', 'HAND_BACK'].map((key) => `${queuePrefix(queue.name)}${key}`)
    return [failure(subject, cause, `check ${url}, ${name} and ${handBack}`)]
  }
}

function reachable(finding: Finding): Examined {
  return { ...finding, unreachable: false }
}

function ok(subject: string, found: string): Examined {
  return { level: 'ok', subject, found, unreachable: false }
}

function error(subject: string, { found, mend }: { readonly found: string; readonly mend: string }): Examined {
  return { level: 'error', subject, found, mend, unreachable: false }
}

function failure(subject: string, cause: unknown, mend: string): Examined {
  const found = isQueueCanaryError(cause) ? cause.message : 'an unexpected error'
  return { ...error(subject, { found, mend }), unreachable: isUnreachable(cause) }
}

function isUnreachable(cause: unknown): boolean {
  return isQueueCanaryError(cause, 'BROKER_UNREACHABLE') || isQueueCanaryError(cause, 'STORE_UNREACHABLE')
}
