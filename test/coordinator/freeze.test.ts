import { describe, expect, it } from 'vitest'
import { buildPolicy, rampStep } from '../support/build-policy.ts'
import { counts } from '../support/build-rollout.ts'
import { Lab } from './lab.ts'

const everyDay = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'] as const
/** The clock of the lab begins at midnight. */
const secondMinute = { days: everyDay, fromMinute: 1, toMinute: 2, dates: undefined, timeZone: 'UTC', reason: 'audit' }
const policy = buildPolicy({
  steps: [rampStep({ durationMs: 70_000 }), rampStep({ weight: 50, durationMs: 1_000 })],
  freeze: [secondMinute],
  progressDeadlineMs: 95_000,
})

async function begun() {
  const lab = await Lab.open()
  lab.capabilities = { ...lab.capabilities, handBack: false }
  const [stable, canary] = [lab.add('s1', 'v1'), lab.add('c1', 'v2')]
  await lab.start(policy)
  const handle = async (ms: number, bad = 0) => {
    for (let passed = 0; passed < ms; passed += 500) {
      const { taken, succeeded, failed } = canary.report.counts
      const more = { taken: taken + 2, succeeded: succeeded + 2, failed: failed + bad }
      await canary.beat({ counts: counts(more) })
      await stable.beat({ counts: counts({ taken: stable.report.counts.taken + 20 }) })
      await lab.run(500, lab.members, 500)
    }
  }
  return { lab, handle }
}

describe('a freeze, by the clock of the coordinator', () => {
  it('holds what would go forward, for as long as it lasts, and no longer', async () => {
    const { lab, handle } = await begun()
    await lab.run(15_000, lab.members, 500)
    await handle(60_000)
    expect(await lab.rollout()).toMatchObject({
      phase: 'Progressing',
      step: 0,
      why: 'held by a freeze until 2030-01-01 00:02 UTC (audit)',
    })
    const frozenMs = (await lab.rollout()).frozenMs ?? 0
    await handle(45_000)
    const { history, step, frozenMs: inAll = 0 } = await lab.rollout()
    expect([history.find((entry) => entry.step === 1)?.at.slice(11, 16), step > 0]).toEqual(['00:02', true])
    expect(inAll).toBeGreaterThan(frozenMs)
    // With its minute in the freeze the rollout has taken longer than its deadline.
    expect(history.at(-1)?.phase).not.toBe('RollingBack')
  })

  it('holds no rollback', async () => {
    const { lab, handle } = await begun()
    await lab.run(15_000, lab.members, 500)
    await handle(55_000)
    await handle(1_500, 25)
    const { phase, history } = await lab.rollout()
    expect([phase, history.at(-1)?.at.slice(11, 16)]).toEqual(['RollingBack', '00:01'])
  })
})
