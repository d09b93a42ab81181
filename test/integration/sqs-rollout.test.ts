import { describe, expect, it } from 'vitest'
import { ledgerNow, ledgerTime } from '../support/ledger.ts'
import { duplicates, lost, of, startsAfter } from '../support/ledger-check.ts'
import { endBusy, releaseGood } from './support/acts.ts'
import { everythingHandled } from './support/await-rollout.ts'
import { ends, faultReport, rolloutUnder } from './support/fault-run.ts'
import { faults } from './support/faults.ts'
import { disorder, useSqsStage } from './support/sqs-stage.ts'

const types = ['standard', 'fifo'] as const

const good = {
  steps: [
    { weight: '5%', duration: '3s', minSamples: 20 },
    { weight: '25%', duration: '2s' },
    { weight: '50%', duration: '2s' },
  ],
  analysis: {
    metrics: [{ name: 'failure-ceiling', measure: 'failureRate', thresholdRange: { max: '5%' }, interval: '1s' }],
  },
  limits: { maxFailedMessages: 10 },
  progressDeadline: '1m',
  promotion: { workers: 1, duration: '1s' },
}

describe.each(types)('a release on SQS (%s)', (type) => {
  const open = useSqsStage()

  it(
    'to a good version takes every message over, repeats none, and retires the old workers',
    { timeout: 180_000 },
    async () => {
      const stage = await open({ type })
      const fresh = await releaseGood(stage, { policy: good, perSecond: 200, most: 3_000 })
      expect(disorder(stage.publisher.places, stage.ledger())).toEqual([])
      expect(await stage.status()).toMatchObject({ phase: 'Succeeded', current: 'v2' })
      expect(fresh.exit).toBeUndefined()

      const retired = stage.launchWorker('v1', { name: 'v1 again', handler: { delayMs: 2 } })
      await retired.exitsWith(0)
      const succeeded = (await stage.status()).history.findLast(({ phase }) => phase === 'Succeeded')
      expect(startsAfter(stage.ledger(), 'v1', ledgerTime(succeeded?.at ?? Number.NaN))).toEqual([])
    },
  )
})

const failing = [
  { type: 'standard', handBack: true, failRate: 1 },
  { type: 'standard', handBack: true, failRate: 0.5 },
  { type: 'standard', handBack: true, failRate: 0.05 },
  { type: 'standard', handBack: false, failRate: 1 },
  { type: 'fifo', handBack: false, failRate: 1 },
  { type: 'fifo', handBack: false, failRate: 0.5 },
] as const

describe('a release of a version whose handler fails, on SQS', () => {
  const open = useSqsStage()

  it.each(failing)(
    'of $failRate of the messages is taken back ($type, hand-back queue: $handBack)',
    { timeout: 180_000 },
    async ({ type, handBack, failRate }) => {
      const maxFailedMessages = 10
      const stage = await open({ type, handBack })
      const v2 = { handler: { delayMs: 5 } }
      await stage.worker('v2', { ...v2, name: 'v2-a' })
      await stage.worker('v2', { ...v2, name: 'v2-b' })
      const canary = await stage.worker('v3', { handler: { delayMs: 5, failRate } })
      const stream = stage.publisher.stream(200)
      const steps = [
        { weight: '10%', duration: '2s' },
        { weight: '50%', duration: '30s' },
      ]
      const began = ledgerNow()
      const rollout = stage.start(
        'v3',
        { steps, limits: { maxFailedMessages }, progressDeadline: '1m' },
        '--timeout',
        '80s',
      )
      await rollout.exitsWith(3, 90_000)
      const tookMs = ledgerNow() - began
      await canary.exitsWith(0)
      await stream.stop()
      await everythingHandled(stage)

      const events = stage.ledger()
      const status = await stage.status()
      console.log(
        `failing ${failRate}, ${type}, hand-back ${handBack}: harmed ${status.harmed}, rolled back in ${Math.round(tookMs)} ms`,
      )
      expect(status).toMatchObject({ phase: 'RolledBack', current: 'v2' })
      expect(status.harmed).toBeLessThanOrEqual(maxFailedMessages)
      expect(of(events, 'fail').every(({ version }) => version === 'v3')).toBe(true)
      expect(lost(stage.publisher.confirmed, events)).toEqual([])
      expect(duplicates(events)).toEqual([])
      expect(disorder(stage.publisher.places, events)).toEqual([])
      expect((await stage.queues.depths()).dead).toBe(0)
      const rolledBack = status.history.findLast(({ phase }) => phase === 'RolledBack')
      expect(startsAfter(events, 'v3', ledgerTime(rolledBack?.at ?? Number.NaN))).toEqual([])
    },
  )
})

describe('a fault of a process in the middle of a step, on SQS', () => {
  const open = useSqsStage()
  const { canaryKilled, stableKilled, coordinatorStopped } = faults

  it.each([
    { type: 'standard', handBack: true, ...canaryKilled },
    { type: 'fifo', handBack: false, ...stableKilled },
    { type: 'standard', handBack: false, ...coordinatorStopped },
  ] as const)('$name ($type): the rollout ends, and nothing is lost', { timeout: 240_000 }, async (fault) => {
    const result = await rolloutUnder(fault, await open(fault))
    console.log(faultReport(fault, result))
    expect(ends).toContainEqual({ exit: result.exit, phase: result.status.phase })
  })
})

describe.each(types)('a worker that is told to end, on SQS (%s)', (type) => {
  const open = useSqsStage()

  it('finishes what it began, returns the rest, and exits with 0', async () => {
    const stage = await open({ type })
    await endBusy(stage, 8_000)
    expect(disorder(stage.publisher.places, stage.ledger())).toEqual([])
  })
})
