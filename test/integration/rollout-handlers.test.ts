import { describe, expect, it } from 'vitest'
import { eventually } from '../support/eventually.ts'
import { lost, of } from '../support/ledger-check.ts'
import { everythingHandled } from './support/await-rollout.ts'
import { useStage } from './support/use-stage.ts'

/** What handlers do to the worker, and how it counts. */
const acts = {
  failed: ['undefined', 'frozen', 'proxy', 'getters', 'sync'],
  timedOut: ['late', 'lateFailure', 'never'],
} as const
const each = 3
const env = { QUEUE_CANARY_ORDERS_HANDLER_TIMEOUT: '1s', QUEUE_CANARY_ORDERS_MAX_ATTEMPTS: '1' }
const expected = { failed: each * acts.failed.length, timedOut: each * acts.timedOut.length }

describe.each(['classic', 'quorum'] as const)('handlers that misbehave, on a %s queue', (type) => {
  const open = useStage()

  it('are counted once each, and the worker lives on', async () => {
    const stage = await open({ type })
    const worker = await stage.worker('v1', { handler: { lateMs: 2_000 }, env })
    for (const act of [...acts.failed, ...acts.timedOut]) await stage.publisher.backlog(each, { act })
    await stage.publisher.backlog(200)

    const bad = expected.failed + expected.timedOut
    await eventually(async () => (await stage.queues.depths()).dead >= bad, {
      what: `${bad} messages are dead-lettered`,
    })
    await eventually(() => of(stage.ledger(), 'done').length >= 200, { what: 'the good messages are handled' })
    const counted = { ...expected, succeeded: 200, deadLettered: bad }
    await eventually(async () => expect((await stage.status()).stable.outcomes).toMatchObject(counted), {
      what: 'the report says so',
    })

    const events = stage.ledger()
    expect({ started: of(events, 'start').length, aborted: of(events, 'aborted').length }).toEqual({
      started: 200 + bad,
      aborted: each,
    })
    await eventually(() => of(stage.ledger(), 'late').length === 2 * each, { what: 'late handlers end' })
    await stage.publisher.backlog(50)
    await eventually(() => of(stage.ledger(), 'done').length >= 250, { what: 'the worker goes on' })
    expect((await stage.queues.depths()).dead).toBe(bad)
    expect((await stage.status()).stable.outcomes).toMatchObject(expected)
    expect(worker.exit).toBeUndefined()
  })

  it('cost a canary its budget, and no message', async () => {
    const stage = await open({ type })
    const good = { handler: { obey: false, delayMs: 5 } }
    await stage.worker('v1', good)
    const canary = await stage.worker('v2', { handler: { lateMs: 2_000 }, env })
    const policy = {
      steps: [{ weight: '50%', duration: '30s' }],
      limits: { maxFailedMessages: 5 },
      drain: { timeout: '3s' },
    }
    const rollout = stage.start('v2', policy, '--timeout', '50s')
    const stream = stage.publisher.stream(50, { acts: [...acts.timedOut, ...acts.failed] })
    await rollout.exitsWith(3, 60_000)
    await canary.exited()
    await stream.stop()
    await everythingHandled(stage)

    expect(lost(stage.publisher.confirmed, stage.ledger())).toEqual([])
    const { harmed, phase } = await stage.status()
    expect(phase).toBe('RolledBack')
    expect(harmed).toBeLessThanOrEqual(5)
    expect((await stage.queues.depths()).dead).toBe(0)
  })
})
