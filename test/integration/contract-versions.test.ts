import { describe, expect, it } from 'vitest'
import { eventually } from '../support/eventually.ts'
import { lost, of } from '../support/ledger-check.ts'
import { useStage } from './support/use-stage.ts'
import type { Stage } from './support/stage.ts'

/** The canary gets half; compared is nothing. */
const policy = {
  analysis: { metrics: [] },
  steps: [{ weight: '50%', duration: '1h' }],
  limits: { maxFailedMessages: 5 },
  progressDeadline: '2h',
}

describe('two versions that accept different messages', () => {
  const open = useStage()

  it.each(['classic', 'quorum'] as const)('each get theirs, in both directions, on a %s queue', async (type) => {
    const stage = await open({ type })
    await stage.worker('v1', { handler: { accepts: '<2' } })
    await stage.worker('v2', { handler: { accepts: '>=2' } })
    stage.start('v2', policy)
    await eventually(async () => (await stage.status()).phase === 'Progressing', {
      what: 'the ramp',
      deadlineMs: 30_000,
    })
    await stage.publisher.stream(200, { most: 200, schema: 1 }).finished
    await stage.publisher.stream(200, { most: 60, schema: 3 }).finished
    await stage.publisher.backlog(20)
    await eventually(() => of(stage.ledger(), 'done').length >= 280, { what: 'all are handled', deadlineMs: 90_000 })
    expect(handledBy(stage, 0, 200)).toEqual(['v1'])
    expect(handledBy(stage, 200, 260)).toEqual(['v2'])
    expect(handledBy(stage, 260, 280).length).toBeGreaterThan(0)
    expect(lost(stage.publisher.confirmed, stage.ledger())).toEqual([])
    expect(of(stage.ledger(), 'start')).toHaveLength(280)
    const status = await stage.status()
    expect(status).toMatchObject({ phase: 'Progressing', harmed: 0 })
    expect(status.stable).toMatchObject({ accepts: { header: 'schema', range: '<2' }, outcomes: { failed: 0 } })
    expect(status.canary).toMatchObject({ accepts: { header: 'schema', range: '>=2' }, outcomes: { failed: 0 } })
    expect(status.stable.unaccepted).toBeGreaterThan(0)
    expect(status.canary?.unaccepted).toBeGreaterThan(0)
  })

  it('leave a message that nobody accepts to wait, visible, without burning deliveries', async () => {
    const stage = await open({ type: 'quorum' })
    const worker = await stage.worker('v1', { handler: { accepts: '<2' } })
    await stage.publisher.backlog(30, { schema: 7 })
    await stage.publisher.backlog(30, { schema: 1 })
    await eventually(() => of(stage.ledger(), 'done').length === 30, { what: 'the others are handled' })
    await eventually(async () => expect((await stage.status()).stable.waiting).toBe(30), { what: 'they are seen' })
    expect((await stage.run(['status', '--queue', 'orders'])).stdout).toContain(
      '30 waiting for a version that accepts them',
    )
    const { unaccepted } = (await stage.status()).stable
    expect(unaccepted).toBeLessThanOrEqual(30 * 6)
    expect((await stage.queues.depths()).dead).toBe(0)
    worker.signal('SIGTERM')
    await worker.exitsWith(0)
    await stage.worker('v1', { name: 'v1 that accepts all' })
    await eventually(() => of(stage.ledger(), 'done').length === 60, { what: 'they are handled', deadlineMs: 80_000 })
  })
})

/** Versions that handled the messages that were published from one number to another. */
function handledBy(stage: Stage, from: number, to: number): readonly string[] {
  const done = of(stage.ledger(), 'done').filter(({ id }) => Number(id.slice(2)) >= from && Number(id.slice(2)) < to)
  return [...new Set(done.map(({ version }) => version))]
}
