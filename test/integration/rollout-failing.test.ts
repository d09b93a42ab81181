import { describe, expect, it } from 'vitest'
import { ledgerNow, ledgerTime } from '../support/ledger.ts'
import { lost, of, startsAfter } from '../support/ledger-check.ts'
import { everythingHandled } from './support/await-rollout.ts'
import { useStage } from './support/use-stage.ts'

const maxFailedMessages = 10
const policy = {
  steps: [
    { weight: '10%', duration: '2s' },
    { weight: '50%', duration: '30s' },
  ],
  limits: { maxFailedMessages },
  progressDeadline: '1m',
}
const cases = [
  { type: 'classic', failRate: 0.05 },
  { type: 'quorum', failRate: 0.05 },
  { type: 'quorum', failRate: 0.5 },
  { type: 'classic', failRate: 1 },
  { type: 'quorum', failRate: 1 },
] as const

describe('a release of a version whose handler fails', () => {
  const open = useStage()

  it.each(cases)('of $failRate of the messages is taken back, on a $type queue', async ({ type, failRate }) => {
    const stage = await open({ type })
    const good = { handler: { delayMs: 5 } }
    const bad = { handler: { delayMs: 5, failRate } }
    await stage.worker('v2', { ...good, name: 'v2-a' })
    const coordinating = await stage.worker('v2', { ...good, name: 'v2-b' })
    const canary = await stage.worker('v3', bad)
    const stream = stage.publisher.stream(500)

    const began = ledgerNow()
    const rollout = stage.start('v3', policy, '--timeout', '60s')
    await rollout.exitsWith(3, 70_000)
    const tookMs = ledgerNow() - began
    await canary.exitsWith(0)
    const revenant = stage.launchWorker('v3', { ...bad, name: 'v3 again' })
    await revenant.exitsWith(0)
    await stream.stop()
    await everythingHandled(stage)

    const events = stage.ledger()
    const status = await stage.status()
    const failed = of(events, 'fail')
    console.log(
      `failing ${failRate}, ${type}: harmed ${status.harmed}, failed ${failed.length}, rolled back in ${Math.round(tookMs)} ms`,
    )
    expect(status).toMatchObject({ phase: 'RolledBack', current: 'v2' })
    expect(status.harmed).toBeLessThanOrEqual(maxFailedMessages)
    expect(failed.length).toBe(status.harmed)
    expect(failed.every(({ version, attempt }) => version === 'v3' && attempt === 1)).toBe(true)

    expect(lost(stage.publisher.confirmed, events)).toEqual([])
    const rescued = new Set(
      of(events, 'done')
        .filter(({ version }) => version === 'v2')
        .map(({ id }) => id),
    )
    expect(failed.filter(({ id }) => !rescued.has(id))).toEqual([])
    expect((await stage.queues.depths()).dead).toBe(0)

    const rolledBack = status.history.findLast(({ phase }) => phase === 'RolledBack')
    expect(startsAfter(events, 'v3', ledgerTime(rolledBack?.at ?? Number.NaN))).toEqual([])
    expect(coordinating.exit).toBeUndefined()
  })
})
