import { describe, expect, it } from 'vitest'
import type { Logger } from '../../src/contracts/logger.ts'
import type { Store, Versioned } from '../../src/contracts/store.ts'
import { createQueueState } from '../../src/core/rollout/queue-state.ts'
import type { QueueState } from '../../src/core/rollout/queue-state.ts'
import { QueueCanaryError } from '../../src/errors.ts'
import { policyDigest } from '../../src/policy-digest.ts'
import { createQueueRecords } from '../../src/records/queue-records.ts'
import { RememberingRecords } from '../../src/records/remembering-records.ts'
import { buildPolicy } from '../support/build-policy.ts'
import { buildCommand, buildState } from '../support/build-rollout.ts'
import { testStore } from '../worker/support/test-store.ts'

const place = { namespace: 'default', queue: 'orders' }
const policy = buildPolicy()
const digest = policyDigest(policy)

/** The document of a rollout by the policy, after so many writes of a coordinator. */
function document(sequence: number, parts: Partial<QueueState> = {}): QueueState {
  return { ...buildState({ policyDigest: digest, step: sequence }), epoch: 1, sequence, ...parts }
}

/** A store that holds the policy and that others write, a process of ours, and what it has logged. */
async function open() {
  const store = testStore()
  const others = createQueueRecords(store, place)
  await others.writePolicy(digest, policy)
  const process = (through: Store = store) => {
    const logged: string[] = []
    const tell = (_: object, text: string): void => void logged.push(text)
    const log: Logger = { debug: tell, info: tell, warn: tell, error: tell }
    return { logged, records: new RememberingRecords(createQueueRecords(through, place), log) }
  }
  const write = async (state: QueueState) =>
    expect(await others.writeState(state, (await others.readState())?.revision)).toBeDefined()
  const held = async () => (await createQueueRecords(store, place).readState())?.state
  return { store, others, process, write, held }
}

describe('a document that the store took back', () => {
  it('is written again as it was by whoever has read it, and people are told', async () => {
    const { store, process, write, held } = await open()
    const { records, logged } = process()
    await write(document(1))
    const dump = await store.dump()
    await write(document(2, { stable: 'v2' }))
    await records.readState()
    await store.restore(dump)
    expect((await records.readState())?.state).toEqual(document(2, { stable: 'v2' }))
    expect(await held()).toEqual(document(2, { stable: 'v2' }))
    expect(logged).toEqual([expect.stringContaining('went back in time')])
  })

  it('is written again where an abort has gone that was confirmed, and nothing else', async () => {
    const { store, process, write, held } = await open()
    const { records } = process()
    const aborted = document(1, { commands: [buildCommand('abort')] })
    await write(document(1))
    const dump = await store.dump()
    await write(aborted)
    await records.readState()
    await store.restore(dump)
    await records.readState()
    expect(await held()).toEqual(aborted)
  })

  it('is seen to be gone also where it cannot be written again', async () => {
    const { store, process, write } = await open()
    const readOnly: Store = { ...store, put: () => Promise.reject(new QueueCanaryError('STORE_REFUSED', 'read-only')) }
    const { records, logged } = process(readOnly)
    await write(document(1))
    const dump = await store.dump()
    await write(document(2))
    await records.readState()
    await store.restore(dump)
    expect((await records.readState())?.state).toEqual(document(1))
    expect(logged).toEqual([expect.stringContaining('cannot be written')])
  })

  it('is no ground for a decision where it cannot be written again', async () => {
    const { store, others, process, write, held } = await open()
    const { records } = process()
    await write(document(1))
    const dump = await store.dump()
    await write(document(5, { stable: 'v2' }))
    await records.readState()
    await store.restore(dump)
    const found = await others.readState()
    expect(await records.writeState(document(2), found?.revision)).toBeUndefined()
    expect(await held()).toEqual(document(1))
    expect(await records.writeState(document(6, { stable: 'v2' }), found?.revision)).toBeDefined()
  })

  it('is written again by whoever has written it', async () => {
    const { store, process, write, held } = await open()
    const { records } = process()
    await write(document(1))
    const dump = await store.dump()
    const found = await records.readState()
    await records.writeState(document(2), found?.revision)
    await store.restore(dump)
    await records.readState()
    expect(await held()).toEqual(document(2))
  })

  it('comes back with the policy of its rollout, which the dump may be older than', async () => {
    const { store, others, process, write } = await open()
    const { records } = process()
    await store.wipe()
    await write(document(1, { rollout: undefined }))
    const dump = await store.dump()
    await others.writePolicy(digest, policy)
    await write(document(2))
    await records.readState()
    await store.restore(dump)
    expect(await others.readPolicy(digest)).toBeUndefined()
    await records.readState()
    expect(await others.readPolicy(digest)).toEqual(policy)
    expect(await records.readPolicy(digest)).toEqual(policy)
  })

  it.each(['Draining', 'RollingBack'] as const)('is written again where there is none any more: %s', async (phase) => {
    const { store, process, write, held } = await open()
    const { records } = process()
    const { rollout } = buildState({ policyDigest: digest, phase })
    await write(document(5, { rollout }))
    await records.readState()
    await store.wipe()
    expect((await records.readState())?.state).toEqual(document(5, { rollout }))
    expect(await held()).toEqual(document(5, { rollout }))
  })

  it('is the newest of what several processes know, in whatever order they look', async () => {
    const { store, process, write, held } = await open()
    const [early, late] = [process(), process()]
    await write(document(1))
    const dump = await store.dump()
    await write(document(2))
    await early.records.readState()
    await write(document(3))
    await late.records.readState()
    await store.restore(dump)
    await early.records.readState()
    expect(await held()).toEqual(document(2))
    await late.records.readState()
    expect(await held()).toEqual(document(3))
    expect((await early.records.readState())?.state).toEqual(document(3))
  })
})

describe('a document that somebody else writes again first', () => {
  it('is the one that is read', async () => {
    const { store, others, process, write, held } = await open()
    const put: Store['put'] = async (...args) => {
      const revision = (await others.readState())?.revision
      if (args[0] === 'default/orders/state') await others.writeState(document(3), revision)
      return store.put(...args)
    }
    const { records } = process({ ...store, put })
    await write(document(1))
    const dump = await store.dump()
    await write(document(2))
    await records.readState()
    await store.restore(dump)
    expect((await records.readState())?.state).toEqual(document(3))
    expect(await held()).toEqual(document(3))
  })
})

describe('nothing is written', () => {
  it('where a read was stale: it is returned as it was found', async () => {
    const { store, process, write, held } = await open()
    let stale: Versioned | undefined
    let reads = 0
    const get: Store['get'] = (key) => (reads++, stale === undefined ? store.get(key) : Promise.resolve(stale))
    const { records, logged } = process({ ...store, get })
    await write(document(1))
    const old = await store.get('default/orders/state')
    await write(document(2))
    await records.readState()
    stale = old
    reads = 0
    expect((await records.readState())?.state).toEqual(document(1))
    expect(reads).toBe(2)
    expect(await held()).toEqual(document(2))
    expect(logged).toEqual([])
  })

  it.each<[string, QueueState]>([
    ['of another generation', document(1, { generation: 'g2' })],
    ['of the same order', document(5, { lease: { holder: undefined, renewals: 9 } })],
    ['of the same order, with a command more', document(5, { commands: [buildCommand('pause')] })],
    ['of a later coordinator', document(1, { epoch: 2 })],
  ])('where the store holds a document %s', async (_, now) => {
    const { process, write, held } = await open()
    const { records, logged } = process()
    await write(document(5))
    await records.readState()
    await write(now)
    expect((await records.readState())?.state).toEqual(now)
    expect(await held()).toEqual(now)
    expect(logged).toEqual([])
  })

  it('where the policy of the newest rollout is not known: it could not go on', async () => {
    const { store, process, write, held } = await open()
    const { records } = process()
    await store.wipe()
    await write(document(1, { rollout: undefined }))
    const dump = await store.dump()
    await write(document(2))
    await records.readState()
    await store.restore(dump)
    expect((await records.readState())?.state.sequence).toBe(1)
    expect((await held())?.sequence).toBe(1)
  })

  it('where there is no document any more, and a canary was on trial in the last one', async () => {
    const { store, process, write, held } = await open()
    const { records } = process()
    await write(document(5))
    await records.readState()
    await store.wipe()
    expect(await records.readState()).toBeUndefined()
    expect(await held()).toBeUndefined()
  })
})

describe('a document in the place of one that is gone', () => {
  const refused = { v2: { reason: 'rolledBack', at: '2026-01-01T00:00:00.000Z' } } as const

  it.each([
    ['keeps retired what this process has written as retired', 'v1', ['v0', 'v2']],
    ['says nothing of it where another version is in charge', 'v2', ['v0']],
  ])('%s', async (_, stable, retired) => {
    const { store, process, held } = await open()
    const { records } = process()
    await store.wipe()
    const ended = document(5, { rollout: undefined, stable: 'v1', tombstones: refused })
    expect(await records.writeState(ended, undefined)).toBeDefined()
    await store.wipe()
    expect(await records.readState()).toBeUndefined()
    const tombstones = { v0: { reason: 'promotedAway', at: '2025-12-01T00:00:00.000Z' } } as const
    const fresh = { ...createQueueState('g2', stable), tombstones }
    expect(await records.writeState(fresh, undefined)).toBeDefined()
    expect(Object.keys((await held())?.tombstones ?? {}).toSorted()).toEqual(retired)
  })
})

describe('a policy that cannot be read', () => {
  it('does not keep the document from being obeyed', async () => {
    const { store, process, write } = await open()
    const { records } = process()
    await store.wipe()
    await store.put(`default/orders/policies/${encodeURIComponent(digest)}`, 'no record', undefined)
    await write(document(1))
    expect((await records.readState())?.state).toEqual(document(1))
    await expect(records.readPolicy(digest)).rejects.toMatchObject({ code: 'RECORD_INVALID' })
  })
})
