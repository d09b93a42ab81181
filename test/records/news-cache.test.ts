import { expect, test } from 'vitest'
import { memoryStore } from '../../adapters/stores/memory/index.ts'
import type { Store } from '../../src/contracts/store.ts'
import { createQueueRecords } from '../../src/records/queue-records.ts'
import { buildReport } from '../support/build-report.ts'

const place = { namespace: 'default', queue: 'orders' }

/** A store that leaves known values out, and what of each answer had a value. */
function farStore(): { readonly store: Store; readonly sent: string[][] } {
  const inner = memoryStore()
  const sent: string[][] = []
  const listNews: Store['listNews'] = async (prefix, known) => {
    const news = (await inner.list(prefix)).map((entry) =>
      known.has(entry.revision) ? { ...entry, value: undefined } : entry,
    )
    sent.push(news.filter(({ value }) => value !== undefined).map(({ key }) => key.slice(-2)))
    return news
  }
  return { store: { ...inner, listNews }, sent }
}

test('only reports that are new travel, and what is gone is gone', async () => {
  const { store, sent } = farStore()
  const [records, writer] = [createQueueRecords(store, place), createQueueRecords(store, place)]
  const beats = async () => (await records.readReports()).map(({ id, beat }) => `${id}:${beat}`)
  await writer.writeReport(buildReport({ id: 's1', beat: 1 }))
  await writer.writeReport(buildReport({ id: 's2', beat: 1 }))
  expect(await beats()).toEqual(['s1:1', 's2:1'])
  await writer.writeReport(buildReport({ id: 's2', beat: 2 }))
  expect(await beats()).toEqual(['s1:1', 's2:2'])
  await writer.removeReport('s1')
  expect(await beats()).toEqual(['s2:2'])
  await writer.writeReport(buildReport({ id: 's1', beat: 1 }))
  expect(await beats()).toEqual(['s1:1', 's2:2'])
  expect(sent).toEqual([['s1', 's2'], ['s2'], [], ['s1']])
})

test('a report that cannot be read counts as absent, and is not asked for again', async () => {
  const { store, sent } = farStore()
  const records = createQueueRecords(store, place)
  await store.put('default/orders/consumers/s1', '{"format":', undefined)
  expect(await records.readReports()).toEqual([])
  expect(await records.readReports()).toEqual([])
  expect(sent).toEqual([['s1'], []])
})
