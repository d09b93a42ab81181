import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { memoryStore } from '../../adapters/stores/memory/index.ts'
import { quickestLookMs } from '../../src/core/allocation/rhythm.ts'
import { parsePolicy } from '../../src/core/policy/parse-policy.ts'
import { isTerminal } from '../../src/core/rollout/rollout.ts'
import { createQueueRecords } from '../../src/records/queue-records.ts'
import type { QueueRecords } from '../../src/records/queue-records.ts'

/**
 * Records as the first release wrote them. Every later release must read them: these files are never changed, and a new format gets new
 * files beside them.
 */
const golden = (name: string): string => readFileSync(new URL(`golden/${name}.json`, import.meta.url), 'utf8')
const contentOf = (name: string): Record<string, unknown> => JSON.parse(golden(name)).content

/** What was added to the queue's document since, with its default. */
function withAdditions({ allocations, ...content }: Record<string, unknown>): Record<string, unknown> {
  return { ...content, allocations: { ...Object(allocations), lookMs: quickestLookMs } }
}

async function holding(key: string, name: string): Promise<QueueRecords> {
  const store = memoryStore()
  await store.put(`default/orders/${key}`, golden(name), undefined)
  return createQueueRecords(store, { namespace: 'default', queue: 'orders' })
}

describe('records of the first release', () => {
  it.each(['queue', 'queue-new'])('%s.json is read, and written again without a loss', async (name) => {
    const records = await holding('state', name)
    const found = await records.readState()
    if (found === undefined) throw new Error('the record was not found')
    expect(JSON.parse(JSON.stringify(found.state))).toEqual(withAdditions(contentOf(name)))
    expect(await records.writeState(found.state, found.revision)).toBeDefined()
    expect((await records.readState())?.state).toEqual(found.state)
  })

  it('queue.json holds a rollout in the middle of its ramp', async () => {
    const rollout = (await (await holding('state', 'queue')).readState())?.state.rollout
    expect(rollout).toMatchObject({ id: 'r1', canary: 'v2', phase: 'Progressing', step: 1, harmed: 1 })
    expect(rollout && isTerminal(rollout.phase)).toBe(false)
    expect(rollout?.metrics['failure-rate']?.last?.verdict).toBe('inconclusive')
  })

  it('consumer.json is read without a loss', async () => {
    const [report] = await (await holding('consumers/c', 'consumer')).readReports()
    expect(JSON.parse(JSON.stringify(report))).toEqual({ ...contentOf('consumer'), uptimeMs: 0 })
    expect(report).toMatchObject({ state: 'draining', drain: { onTime: true }, durations: { 0: 10, 33: 40 } })
  })

  it('policy.json is read as the policy that its text says', async () => {
    const policy = await (await holding('policies/d', 'policy')).readPolicy('d')
    const parsed = parsePolicy(contentOf('policy'))
    expect(parsed.ok && parsed.policy).toEqual(policy)
    expect(policy?.steps.map((step) => step.kind === 'ramp' && step.weight)).toEqual([0.5, 25])
  })
})
