import { describe, expect, it } from 'vitest'
import { doneBy, startsAfter } from '../support/ledger-check.ts'
import { ledgerTime } from '../support/ledger.ts'
import { releaseGood } from './support/acts.ts'
import { everythingHandled } from './support/await-rollout.ts'
import { useStage } from './support/use-stage.ts'

const policy = `
strategy: canary
steps:
  - { weight: 5%, duration: 2s, minSamples: 50 }
  - { weight: 25%, duration: 2s }
  - { weight: 50%, duration: 2s }
analysis:
  metrics:
    - { name: failure-ceiling, measure: failureRate, thresholdRange: { max: 5% }, interval: 1s }
limits: { maxFailedMessages: 10 }
progressDeadline: 1m
promotion: { workers: 1, duration: 1s }
`

describe.each(['classic', 'quorum'] as const)('a release to a good version, on a %s queue', (type) => {
  const open = useStage()

  it('takes 20,000 messages over without losing or repeating one, and retires the old workers', async () => {
    const stage = await open({ type })
    const fresh = await releaseGood(stage, { policy, perSecond: 2_000, most: 20_000 })
    const events = stage.ledger()
    const status = await stage.status()
    expect(status).toMatchObject({ phase: 'Succeeded', harmed: 0, current: 'v2' })
    const ended = status.history.findLast(({ phase }) => phase === 'Succeeded')
    expect(startsAfter(events, 'v1', ledgerTime(ended?.at ?? Number.NaN))).toEqual([])

    fresh.signal('SIGTERM')
    await fresh.exitsWith(0)
    expect(await stage.queues.depths()).toEqual({ queue: 0, dead: 0, handBack: 0 })
    console.log(`story, ${type}:`, doneBy(events))
  })

  it('starts no message in a worker of the old version that comes back afterwards', async () => {
    const stage = await open({ type })
    const old = await stage.worker('v1')
    await stage.worker('v2')
    await stage.publisher.backlog(100)
    const instant = { strategy: 'blueGreen', promotion: { workers: 1, duration: '0s' } }
    await stage.start('v2', instant).exitsWith(0)
    await old.exitsWith(0)

    const before = stage.ledger().length
    const revenant = stage.launchWorker('v1', { name: 'v1 again' })
    await stage.publisher.backlog(200)
    await revenant.exitsWith(0)
    await everythingHandled(stage)
    expect(
      stage
        .ledger()
        .slice(before)
        .filter(({ version }) => version === 'v1'),
    ).toEqual([])
  })
})
