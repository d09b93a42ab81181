import { describe, expect, it } from 'vitest'
import { eventually } from '../support/eventually.ts'
import { ledgerTime } from '../support/ledger.ts'
import { duplicates, firstStarts, lost } from '../support/ledger-check.ts'
import { everythingHandled, handles } from './support/await-rollout.ts'
import { useStage } from './support/use-stage.ts'

const quick = `
steps: [{ weight: 50%, duration: 1s, minSamples: 20 }]
analysis: { metrics: [] }
limits: { maxFailedMessages: 5 }
promotion: { workers: 1, duration: 200ms }
progressDeadline: 1m
rollbackWindow: 1h
`
const always = 'freeze: [{ reason: audit }]\nstrategy: blueGreen\npromotion: { workers: 1, duration: 0s }\n'

describe('automatic rollouts', () => {
  const open = useStage()

  it('release what is new, keep the old version warm for an undo, and take a bad version back for good', async () => {
    const stage = await open({ type: 'classic' })
    const file = stage.writePolicy(quick)
    const env = { QUEUE_CANARY_AUTO: 'on', QUEUE_CANARY_ORDERS_POLICY: file }
    const old = await stage.worker('v1', { env })
    const stream = stage.publisher.stream(200)
    const young = [await stage.worker('v2', { env, name: 'v2-a' }), await stage.worker('v2', { env, name: 'v2-b' })]
    const phase = async (wanted: string, current: string) =>
      eventually(async () => expect(await stage.status()).toMatchObject({ phase: wanted, current }), {
        what: `${wanted}, ${current} in charge`,
        deadlineMs: 40_000,
      })
    await phase('Succeeded', 'v2')
    expect(await stage.status()).toMatchObject({ rollbackWindow: { version: 'v1' }, stable: { state: 'Drained' } })
    expect(old.exit).toBeUndefined()

    const before = startsOf('v1').length
    expect(await stage.run(['undo', '--queue', 'orders', '--watch'])).toMatchObject({ code: 0 })
    await handles(stage, 'v1', before + 1)
    const begun = ledgerTime((await stage.status()).history[0]?.at ?? Number.NaN)
    const tookMs = (startsOf('v1')[before]?.at ?? Infinity) - begun
    console.log(
      `undo within the window: the old version takes messages ${Math.round(tookMs)} ms after it was asked for`,
    )
    expect(tookMs).toBeLessThan(5_000)
    await phase('Succeeded', 'v1')
    for (const worker of young) await worker.exitsWith(0)

    const bad = await stage.worker('v3', { env, handler: { failRate: 1, obey: false } })
    await phase('RolledBack', 'v1')
    await bad.exitsWith(0)
    const again = stage.launchWorker('v3', { env, name: 'v3 again' })
    await again.exitsWith(0)
    expect(again.stdout + again.stderr).toContain('v3 was rolled back before')
    await stream.stop()
    await everythingHandled(stage)
    expect(lost(stage.publisher.confirmed, stage.ledger())).toEqual([])
    expect(duplicates(stage.ledger())).toEqual([])

    function startsOf(version: string) {
      return firstStarts(stage.ledger()).filter((event) => event.version === version)
    }
  })

  it('start refuses in a freeze and says until when; --force is for what cannot wait', async () => {
    const stage = await open({ type: 'classic' })
    await stage.worker('v1')
    await stage.worker('v2')
    const refused = stage.start('v2', always)
    await refused.exitsWith(2)
    expect(refused.stderr).toContain('a freeze without an end in sight (audit) holds: nothing starts before')
    await stage.start('v2', always, '--force').exitsWith(0)
    expect(await stage.status()).toMatchObject({ phase: 'Succeeded', current: 'v2' })
  })

  it('a policy that cannot be used ends the worker with 2 before it consumes anything', async () => {
    const stage = await open({ type: 'classic' })
    await stage.publisher.backlog(10)
    const file = stage.writePolicy('strategy: rolling\n')
    const worker = stage.launchWorker('v1', { env: { QUEUE_CANARY_AUTO: 'on', QUEUE_CANARY_ORDERS_POLICY: file } })
    await worker.exitsWith(2)
    expect(worker.stderr).toContain('QUEUE_CANARY_ORDERS_POLICY')
    expect((await stage.queues.depths()).queue).toBe(10)
  })
})
