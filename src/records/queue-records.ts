import type { Revision, Store } from '../contracts/store.ts'
import type { Policy } from '../core/policy/policy.ts'
import { parsePolicy } from '../core/policy/parse-policy.ts'
import { canonicalPolicy } from '../core/policy/show-policy.ts'
import { consumerReportReader, envelope, queueStateReader, recordFormat } from '../core/rollout/codec.ts'
import type { ConsumerReport } from '../core/rollout/consumer-report.ts'
import type { QueueState } from '../core/rollout/queue-state.ts'
import { describeProblem } from '../core/schema/describe-problem.ts'
import { jsonValue } from '../core/schema/json-value.ts'
import { parseWith } from '../core/schema/reader.ts'
import type { Reader } from '../core/schema/reader.ts'
import { QueueCanaryError } from '../errors.ts'
import { mostCharacters, parseJson } from './parse-json.ts'
import { NewsCache } from './news-cache.ts'

/** Everything that is known of one queue of one namespace, as typed records over a store. */
export interface QueueRecords {
  /** Rejects with `RECORD_INVALID` where somebody else's hand, or a newer release, wrote what is there. */
  readState(): Promise<{ readonly state: QueueState; readonly revision: Revision } | undefined>
  /** Resolves to undefined when the document is no longer at `expected` (undefined: when there is one). */
  writeState(state: QueueState, expected: Revision | undefined): Promise<Revision | undefined>
  /** Reports that can be read; one that cannot counts as absent. */
  readReports(): Promise<readonly ConsumerReport[]>
  /** Only the consumer itself writes its report, so the newest wins. Rejects with `STORE_UNREACHABLE` where the store never lets it win. */
  writeReport(report: ConsumerReport): Promise<void>
  removeReport(id: string): Promise<void>
  /** The policy that a rollout was started with. */
  readPolicy(digest: string): Promise<Policy | undefined>
  /** Pins a policy under its digest. Writing it again changes nothing. */
  writePolicy(digest: string, policy: Policy): Promise<void>
}

const stateRecord = envelope('queue', queueStateReader)
const policyRecord = envelope('policy', jsonValue())
const reportRecord = envelope('consumer', consumerReportReader)

export function createQueueRecords(
  store: Store,
  place: { readonly namespace: string; readonly queue: string },
): QueueRecords {
  const base = `${encodeURIComponent(place.namespace)}/${encodeURIComponent(place.queue)}`
  const stateKey = `${base}/state`
  const reportKey = (id: string) => `${base}/consumers/${encodeURIComponent(id)}`
  const policyKey = (digest: string) => `${base}/policies/${encodeURIComponent(digest)}`
  const ownReports = new Map<string, Revision>()
  const reports = new NewsCache(store, `${base}/consumers/`, reportIn)
  let newest: { readonly state: QueueState; readonly revision: Revision } | undefined
  return {
    readState: async () => {
      const found = await store.get(stateKey)
      if (found === undefined || found.revision === newest?.revision) return found && newest
      newest = { state: decode(stateKey, stateRecord, found.value).content, revision: found.revision }
      return newest
    },
    writeState: async (state, expected) => store.put(stateKey, encode('queue', state), expected),
    readReports: async () => {
      const found = await reports.look()
      return Array.from(found.values(), ({ content }) => content).filter((report) => report !== undefined)
    },
    writeReport: async (report) => {
      const value = encode('consumer', report)
      ownReports.set(report.id, await overwrite(store, reportKey(report.id), value, ownReports.get(report.id)))
    },
    removeReport: async (id) => {
      ownReports.delete(id)
      await store.delete(reportKey(id))
    },
    readPolicy: async (digest) => {
      const found = await store.get(policyKey(digest))
      return found && policyOf(policyKey(digest), decode(policyKey(digest), policyRecord, found.value).content)
    },
    writePolicy: async (digest, policy) => {
      await store.put(policyKey(digest), encode('policy', JSON.parse(canonicalPolicy(policy))), undefined)
    },
  }
}

const overwriteAttempts = 10

function encode(kind: string, content: unknown): string {
  const text = JSON.stringify({ format: recordFormat, kind, content })
  if (text.length <= mostCharacters) return text
  throw new QueueCanaryError(
    'RECORD_TOO_LARGE',
    `the ${kind} record: expected at most ${mostCharacters} characters, found ${text.length}; it was not written`,
  )
}

function decode<T>(key: string, reader: Reader<T>, text: string): T {
  const parsed = parseWith(reader, parseJson(text))
  if (parsed.ok) return parsed.value
  const problems = parsed.problems.slice(0, 3).map((problem) => describeProblem(problem, 'the record'))
  throw new QueueCanaryError(
    'RECORD_INVALID',
    `the record ${key} cannot be read: ${problems.join('; ')}. A newer release or another program may have written it; upgrade, or remove the record`,
  )
}

/** undefined where somebody else's hand, or a newer release, wrote what is there. */
function reportIn(text: string): ConsumerReport | undefined {
  const parsed = parseWith(reportRecord, parseJson(text))
  return parsed.ok ? parsed.value.content : undefined
}

function policyOf(key: string, content: unknown): Policy {
  const parsed = parsePolicy(content)
  if (parsed.ok) return parsed.policy
  throw new QueueCanaryError(
    'RECORD_INVALID',
    `the record ${key} holds no policy that this release can read; abort the rollout, remove the record and start again`,
  )
}

/** Writes over whatever is there; `expected` is a guess that saves a look when it is right. */
async function overwrite(store: Store, key: string, value: string, expected: Revision | undefined): Promise<Revision> {
  let guess = expected
  for (let attempt = 0; attempt < overwriteAttempts; attempt += 1) {
    const written = await store.put(key, value, guess)
    if (written !== undefined) return written
    guess = (await store.get(key))?.revision
  }
  throw new QueueCanaryError(
    'STORE_UNREACHABLE',
    `the record ${key} changes faster than it can be written; is there a second worker with the same id?`,
  )
}
