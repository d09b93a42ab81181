import type { News, Revision, Store } from '../contracts/store.ts'
import { consumerReportReader, envelope } from '../core/rollout/codec.ts'
import type { ConsumerReport } from '../core/rollout/consumer-report.ts'
import { parseWith } from '../core/schema/reader.ts'
import { parseJson } from './parse-json.ts'

/** Reading is frequent and change is rare: one revision travels once and is decoded once. */
export interface ReportCache {
  known(): ReadonlySet<Revision>
  /** Takes in what a store listed; returns the reports that can be read. */
  take(listed: readonly News[]): readonly ConsumerReport[]
}

interface Known {
  readonly revision: Revision
  /** undefined: cannot be read. */
  readonly report: ConsumerReport | undefined
}

export function createReportCache(): ReportCache {
  let byKey: ReadonlyMap<string, Known> = new Map()
  return {
    known: () => new Set(Array.from(byKey.values(), ({ revision }) => revision)),
    take(listed) {
      byKey = new Map(listed.flatMap((news) => pair(news, byKey.get(news.key)) ?? []))
      return Array.from(byKey.values(), ({ report }) => report).filter((report) => report !== undefined)
    },
  }
}

/** What a store holds below a prefix; without the values of known revisions where the store can leave them out. */
export async function listNews(store: Store, prefix: string, known: ReadonlySet<Revision>): Promise<readonly News[]> {
  return store.listNews === undefined ? store.list(prefix) : store.listNews(prefix, known)
}

/** A value that was left out is one that is known; if it is not, the store is asked for it again at the next look. */
function pair(
  { key, revision, value }: News,
  before: Known | undefined,
): readonly [readonly [string, Known]] | undefined {
  if (before?.revision === revision) return [[key, before]]
  return value === undefined ? undefined : [[key, { revision, report: reportIn(value) }]]
}

const reportRecord = envelope('consumer', consumerReportReader)

/** undefined where somebody else's hand, or a newer release, wrote what is there. */
function reportIn(text: string): ConsumerReport | undefined {
  const parsed = parseWith(reportRecord, parseJson(text))
  return parsed.ok ? parsed.value.content : undefined
}
