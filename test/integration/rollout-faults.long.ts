import { describe, expect, it } from 'vitest'
import { everythingHandled } from './support/await-rollout.ts'
import { ends, faultReport, rolloutUnder } from './support/fault-run.ts'
import { faults } from './support/faults.ts'
import { useStage } from './support/use-stage.ts'

const cases = (['classic', 'quorum'] as const).flatMap((type) =>
  Object.values(faults).map((fault) => ({ type, ...fault })),
)

describe('a fault in the middle of a step', () => {
  const open = useStage()

  it.each(cases)('$name ($type queue): the rollout ends, and nothing is lost', async (fault) => {
    const result = await rolloutUnder(fault, await open({ type: fault.type }))
    console.log(faultReport(fault, result))
    expect(ends).toContainEqual({ exit: result.exit, phase: result.status.phase })
  })

  it('a canary that dies of every message, and is started again each time, is taken back', async () => {
    const stage = await open({ type: 'quorum' })
    await stage.worker('v1', { handler: { obey: false, delayMs: 5 } })
    const stream = stage.publisher.stream(200)
    const crashing = { handler: { act: 'exit' } }
    await stage.worker('v2', crashing)
    const policy = {
      steps: [{ weight: '20%', duration: '2m' }],
      limits: { maxFailedMessages: 4 },
      progressDeadline: '3m',
    }
    const rollout = stage.start('v2', policy, '--timeout', '150s')
    for (let life = 0; life < 30 && rollout.exit === undefined; life++) {
      const canary = stage.launchWorker('v2', { ...crashing, name: `v2, life ${life}` })
      await Promise.race([canary.exited(60_000), rollout.exited(160_000)])
      canary.signal('SIGKILL')
    }
    await rollout.exitsWith(3, 160_000)
    await stream.stop()
    await everythingHandled(stage)
    expect((await stage.queues.depths()).dead).toBe(0)
    expect(await stage.status()).toMatchObject({ phase: 'RolledBack', current: 'v1' })
  })
})
