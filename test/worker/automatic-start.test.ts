import { describe, expect, it } from 'vitest'
import { memoryStore } from '../../adapters/stores/memory/index.ts'
import { createQueueState } from '../../src/core/rollout/queue-state.ts'
import { policyDigest } from '../../src/policy-digest.ts'
import { createQueueRecords } from '../../src/records/queue-records.ts'
import type { QueueRecords } from '../../src/records/queue-records.ts'
import { AutomaticStart } from '../../src/worker/automatic-start.ts'
import { parsePolicy } from '../../src/index.ts'
import type { Policy } from '../../src/index.ts'
import { eventually, remains } from '../support/eventually.ts'
import { buildPolicy } from '../support/build-policy.ts'
import { at } from '../support/build-rollout.ts'
import { faultyStore } from '../support/faulty-store.ts'
import { manualClock } from '../support/manual-clock.ts'
import { seededRandom } from '../support/seeded-random.ts'
import { useTeardown } from '../support/teardown.ts'
import { fleet, quickPolicy } from './support/fleet.ts'
import { logs } from './support/logs.ts'

const place = { namespace: 'default', queue: 'orders' }

interface NewcomerOptions {
  readonly policyOf?: (index: number) => Policy
  /** The answer to every write of the document is lost. */
  readonly losesAnswers?: boolean
}

/** Many consumers of new versions that look at one document, each once a second, at moments of their own. */
function newcomers(
  versions: readonly string[],
  { policyOf = () => buildPolicy(), losesAnswers = false }: NewcomerOptions = {},
) {
  const clock = manualClock()
  const shared = memoryStore()
  const numbers = seededRandom(7)
  const random = () => numbers.whole(0, 999_999) / 1e6
  let writes = 0
  const all = versions.map((version, index) => {
    const store = faultyStore(shared)
    const records = createQueueRecords(store, place)
    const log = logs()
    const counting: Pick<QueueRecords, 'writeState' | 'writePolicy'> = {
      writePolicy: (digest, policy) => records.writePolicy(digest, policy),
      writeState: async (state, expected) => {
        writes++
        if (losesAnswers) store.fault = 'loseAnswer'
        return records.writeState(state, expected).finally(() => (store.fault = losesAnswers ? 'none' : store.fault))
      },
    }
    const policy = policyOf(index)
    const pinned = { policy, digest: policyDigest(policy) }
    const newId = () => `r${index}`
    const start = new AutomaticStart({ records: counting, version, pinned, clock, log, random, newId })
    return { store, records, log, start, clock, phaseMs: 10 * Math.floor(random() * 100) }
  })
  const look = async (member: (typeof all)[number], isReady = true) => {
    const found = await member.records.readState()
    if (found !== undefined) await member.start.consider(found, isReady)
  }
  return {
    clock,
    all,
    look,
    records: createQueueRecords(shared, place),
    writes: () => writes,
    run: async (ms: number, isReady = true) => {
      for (let passed = 0; passed < ms; passed += 10) {
        await clock.advance(10)
        const due = all.filter(({ phaseMs }) => passed % 1_000 === phaseMs)
        await Promise.all(due.map((member) => look(member, isReady)))
      }
    },
  }
}

describe('many workers of a new version that start at once', () => {
  it('start one rollout, with hardly more than one of them trying', async () => {
    const { run, records, writes, all } = newcomers(Array.from({ length: 300 }, () => 'v2'))
    await records.writeState(createQueueState('g1', 'v1'), undefined)
    await run(5_000)
    const state = (await records.readState())?.state
    expect(state).toMatchObject({ sequence: 1, rollout: { canary: 'v2', stable: 'v1', phase: 'Initialized' } })
    expect(await records.readPolicy(state?.rollout?.policyDigest ?? '')).toEqual(buildPolicy())
    expect(all.filter(({ log }) => log.text.includes('has started by itself'))).toHaveLength(1)
    expect(writes()).toBeLessThanOrEqual(10)
  })

  it('start it once also where the answer to the winning write is lost', async () => {
    const { run, records } = newcomers(['v2', 'v2', 'v2'], { losesAnswers: true })
    await records.writeState(createQueueState('g1', 'v1'), undefined)
    await run(5_000)
    expect((await records.readState())?.state.sequence).toBe(1)
  })

  it('hold the policy of the first, and say of the others that they have another', async () => {
    const policyOf = (index: number) => buildPolicy({ progressDeadlineMs: 10_000 + index })
    const { run, records, all } = newcomers(['v2', 'v2', 'v2'], { policyOf })
    await records.writeState(createQueueState('g1', 'v1'), undefined)
    await run(5_000)
    const pinned = (await records.readState())?.state.rollout?.policyDigest
    const first = all.findIndex((_, index) => policyDigest(policyOf(index)) === pinned)
    const others = all.filter((_, index) => index !== first)
    for (const { log } of others) expect(log.text).toContain('has another policy')
    expect(all[first]?.log.text).not.toContain('has another policy')
  })
})

describe('a consumer that looks whether to start', () => {
  it('starts nothing before it is ready', async () => {
    const { run, records, writes } = newcomers(['v2'])
    await records.writeState(createQueueState('g1', 'v1'), undefined)
    await run(5_000, false)
    expect(writes()).toBe(0)
    await run(5_000)
    expect(writes()).toBe(1)
  })

  it('starts no version that was taken back, and says so once', async () => {
    const { run, records, writes, all } = newcomers(['v2'])
    const tombstones = { v2: { reason: 'rolledBack', at } } as const
    await records.writeState({ ...createQueueState('g1', 'v1'), tombstones }, undefined)
    await run(5_000)
    expect(writes()).toBe(0)
    expect(all[0]?.log.lines.map(({ text }) => text)).toEqual([
      `v2 was rolled back before (${at}) and does not start by itself: use retry, or start --force`,
    ])
  })

  it('starts nothing in a freeze of its policy, and says until when, once', async () => {
    const window = {
      days: ['tue'],
      fromMinute: 0,
      toMinute: 10,
      dates: undefined,
      timeZone: 'UTC',
      reason: undefined,
    } as const
    const { run, records, writes, all } = newcomers(['v2'], { policyOf: () => buildPolicy({ freeze: [window] }) })
    await records.writeState(createQueueState('g1', 'v1'), undefined)
    await run(60_000)
    expect(writes()).toBe(0)
    expect(all[0]?.log.lines.map(({ text }) => text)).toEqual([
      expect.stringContaining('a freeze until 2030-01-01 00:10 UTC holds: nothing starts before'),
    ])
    await all[0]?.clock.advance(600_000)
    await run(3_000)
    expect((await records.readState())?.state.rollout?.canary).toBe('v2')
  })

  it('tries again where the store does not answer, and says so once', async () => {
    const { run, records, all } = newcomers(['v2'])
    await records.writeState(createQueueState('g1', 'v1'), undefined)
    Object.assign(all[0]?.store ?? {}, { fault: 'reject', only: 'writes' })
    await run(6_000)
    expect(all[0]?.log.lines).toHaveLength(1)
    if (all[0] !== undefined) all[0].store.fault = 'none'
    await run(3_000)
    expect((await records.readState())?.state.rollout?.canary).toBe('v2')
  })
})

describe('workers with a policy of automatic rollouts', () => {
  const teardown = useTeardown()
  const parsed = parsePolicy(quickPolicy)
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems))
  const autoPolicy = parsed.policy
  const fail = (): never => {
    throw new Error('no')
  }

  it('release one new version after the other, and take a bad one back without trying it again', async () => {
    const { worker, traffic, state, phase } = fleet(teardown)
    const options = { autoPolicy, random: () => 0.1 }
    await worker('v1', undefined, options).start()
    traffic(3)
    await worker('v2', undefined, options).start()
    await phase('Progressing')
    const bad = worker('v3', fail, options)
    await bad.start()
    await phase('Succeeded')
    await eventually(async () => (await state()).rollout?.canary === 'v3', { what: 'the next rollout' })
    await phase('RolledBack')
    expect(await state()).toMatchObject({ stable: 'v2', tombstones: { v1: {}, v3: { reason: 'rolledBack' } } })
    expect(await bad.done).toMatchObject({ reason: 'retired' })
    const again = worker('v3', fail, options)
    await again.start()
    expect(await again.done).toMatchObject({ reason: 'retired' })
    await remains(async () => (await state()).rollout?.phase === 'RolledBack', { what: 'nothing starts' })
  })
})
