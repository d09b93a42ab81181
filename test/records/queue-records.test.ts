import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { memoryStore } from '../../adapters/stores/memory/index.ts'
import type { Store } from '../../src/contracts/store.ts'
import { createQueueState } from '../../src/core/rollout/queue-state.ts'
import { createQueueRecords } from '../../src/records/queue-records.ts'
import { arbitraryReport, arbitraryState } from '../support/arbitrary-records.ts'
import { buildPolicy } from '../support/build-policy.ts'
import { buildReport } from '../support/build-report.ts'
import { buildState } from '../support/build-rollout.ts'

const place = { namespace: 'default', queue: 'orders' }
const stateKey = 'default/orders/state'
const invalid = { name: 'QueueCanaryError', code: 'RECORD_INVALID' }

function open() {
  const store = memoryStore()
  return { store, records: createQueueRecords(store, place) }
}

/** Writes over whatever is there, as another hand would. */
async function overwrite(store: Store, key: string, value: string): Promise<void> {
  await store.put(key, value, (await store.get(key))?.revision)
}

describe('the state', () => {
  it('is undefined where there is none', async () => {
    expect(await open().records.readState()).toBeUndefined()
  })

  it('comes back as it was written', async () => {
    await fc.assert(
      fc.asyncProperty(arbitraryState, async (state) => {
        const { records } = open()
        const revision = await records.writeState(state, undefined)
        expect(await records.readState()).toEqual({ state, revision })
      }),
    )
  })

  it('is written only over the revision that is expected', async () => {
    const { store, records } = open()
    const other = createQueueRecords(store, place)
    const first = await records.writeState(createQueueState('g', 'v1'), undefined)
    expect(await other.writeState(createQueueState('g', 'v9'), undefined)).toBeUndefined()
    const second = await other.writeState(createQueueState('g', 'v2'), first)
    expect(await records.writeState(createQueueState('g', 'v3'), first)).toBeUndefined()
    expect(await records.readState()).toMatchObject({ state: { stable: 'v2' }, revision: second })
  })

  it.each([
    ['nothing', ''],
    ['half of it', JSON.stringify({ format: 1, kind: 'queue', content: buildState() }).slice(0, 500)],
    ['null', 'null'],
    ['a list', '[]'],
    ['a number', '1e308'],
    ['10 MB', `"${'x'.repeat(10_000_000)}"`],
    ['10 MB around it', JSON.stringify({ format: 1, kind: 'queue', content: buildState() }) + ' '.repeat(10_000_000)],
    ['10 MB of nesting', '['.repeat(10_000_000)],
    ['a newer format', JSON.stringify({ format: 2, kind: 'queue', content: buildState() })],
    ['a report', JSON.stringify({ format: 1, kind: 'consumer', content: buildReport() })],
    ['a prototype', '{"__proto__":{"format":1,"kind":"queue","content":{}}}'],
    ['a wrong type', JSON.stringify({ format: 1, kind: 'queue', content: { ...buildState(), epoch: '1' } })],
    ['a negative number', JSON.stringify({ format: 1, kind: 'queue', content: { ...buildState(), sequence: -1 } })],
  ])('rejects with RECORD_INVALID where %s is there', async (_, garbage) => {
    const { store, records } = open()
    await overwrite(store, stateKey, garbage)
    await expect(records.readState()).rejects.toMatchObject(invalid)
  })

  it('says in the error where and what, in a few words however much is wrong', async () => {
    const { store, records } = open()
    const wrong = {
      ...buildState(),
      epoch: 'x'.repeat(10_000),
      history: [],
      commands: Array.from({ length: 1_000 }, () => 7),
    }
    await overwrite(store, stateKey, JSON.stringify({ format: 1, kind: 'queue', content: wrong }))
    const message = String(await records.readState().catch((thrown: unknown) => thrown))
    expect(message).toContain('default/orders/state')
    expect(message).toContain('content.epoch: expected a whole number of at least 0')
    expect(message.length).toBeLessThan(600)
  })

  it('can be read again once it is mended', async () => {
    const { store, records } = open()
    await records.writeState(buildState(), undefined)
    await records.readState()
    await overwrite(store, stateKey, '{')
    await expect(records.readState()).rejects.toMatchObject(invalid)
    await overwrite(store, stateKey, JSON.stringify({ format: 1, kind: 'queue', content: buildState({ harmed: 7 }) }))
    expect(await records.readState()).toMatchObject({ state: { rollout: { harmed: 7 } } })
  })

  it('is not written when it is too large to be read back', async () => {
    const { store, records } = open()
    const why = 'x'.repeat(1_000_000)
    await expect(records.writeState(buildState({ why }), undefined)).rejects.toMatchObject({
      code: 'RECORD_TOO_LARGE',
      message: expect.stringMatching(
        /^the queue record: expected at most 1000000 characters, found 1\d{6}; it was not written$/,
      ),
    })
    expect(await store.get(stateKey)).toBeUndefined()
  })
})

describe('reports', () => {
  it('come back as they were written, one for each id', async () => {
    const distinct = fc.uniqueArray(arbitraryReport, { maxLength: 4, selector: ({ id }) => encodeURIComponent(id) })
    await fc.assert(
      fc.asyncProperty(distinct, async (reports) => {
        const { records } = open()
        for (const report of reports) await records.writeReport(report)
        const byId = (a: { id: string }, b: { id: string }) =>
          encodeURIComponent(a.id) < encodeURIComponent(b.id) ? -1 : 1
        expect((await records.readReports()).toSorted(byId)).toEqual(reports.toSorted(byId))
      }),
      { numRuns: 50 },
    )
  })

  it('are replaced by the newest, also where somebody else has written or removed them', async () => {
    const { store, records } = open()
    await records.writeReport(buildReport({ beat: 1 }))
    await createQueueRecords(store, place).writeReport(buildReport({ beat: 2 }))
    await records.writeReport(buildReport({ beat: 3 }))
    expect(await records.readReports()).toEqual([buildReport({ beat: 3 })])
    await createQueueRecords(store, place).removeReport('s1')
    await records.writeReport(buildReport({ beat: 4 }))
    expect(await records.readReports()).toEqual([buildReport({ beat: 4 })])
  })

  it('that cannot be read count as absent', async () => {
    const { store, records } = open()
    await records.writeReport(buildReport({ id: 'good' }))
    await overwrite(store, 'default/orders/consumers/bad', '{"format":1,"kind":"consumer","content":{"id":"bad"}}')
    await overwrite(store, 'default/orders/consumers/huge', `"${'x'.repeat(10_000_000)}"`)
    expect((await records.readReports()).map(({ id }) => id)).toEqual(['good'])
  })

  it('are those of this queue alone', async () => {
    const { store, records } = open()
    await createQueueRecords(store, { namespace: 'default', queue: 'orders/consumers' }).writeReport(buildReport())
    await createQueueRecords(store, { namespace: 'default', queue: 'orders2' }).writeReport(buildReport())
    await createQueueRecords(store, { namespace: 'default/orders', queue: 'consumers' }).writeReport(buildReport())
    expect(await records.readReports()).toEqual([])
  })

  it('give up on a record that never stands still', async () => {
    const store = memoryStore()
    let puts = 0
    const restless = { ...store, put: async () => void puts++ }
    const records = createQueueRecords(restless, place)
    await expect(records.writeReport(buildReport())).rejects.toMatchObject({ code: 'STORE_UNREACHABLE' })
    expect(puts).toBeLessThan(50)
  })
})

describe('policies', () => {
  it('come back under their digest, and are pinned', async () => {
    const { records } = open()
    const policy = buildPolicy()
    await records.writePolicy('sha256:a', policy)
    await records.writePolicy('sha256:a', buildPolicy({ progressDeadlineMs: 9_000_000 }))
    expect(await records.readPolicy('sha256:a')).toEqual(policy)
    expect(await records.readPolicy('sha256:b')).toBeUndefined()
  })

  it.each(['{', '{"format":1,"kind":"policy","content":{"steps":7}}', '{"format":2,"kind":"policy","content":{}}'])(
    'reject with RECORD_INVALID where %s is there',
    async (garbage) => {
      const { store, records } = open()
      await overwrite(store, 'default/orders/policies/sha256%3Aa', garbage)
      await expect(records.readPolicy('sha256:a')).rejects.toMatchObject(invalid)
    },
  )
})
