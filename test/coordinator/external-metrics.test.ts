import { describe, expect, it } from 'vitest'
import type { ProviderResult } from '../../src/contracts/metric-provider.ts'
import { analysisOf, buildPolicy, externalMetric, rampStep } from '../support/build-policy.ts'
import { counts } from '../support/build-rollout.ts'
import { Lab } from './lab.ts'

const policy = buildPolicy({
  steps: [rampStep({ durationMs: 3_000, minSamples: 1 })],
  analysis: analysisOf([externalMetric({ intervalMs: 1_000, failureLimit: 1 })]),
})

/** A queue with one consumer of each version, whose coordinators ask `answer`. */
async function begun(answer: (count: number) => Promise<ProviderResult>) {
  const lab = await Lab.open()
  let asked = 0
  lab.open = async () => ({ measure: () => answer((asked += 1)) })
  const [stable, canary] = [lab.add('s1', 'v1'), lab.add('c1', 'v2')]
  await lab.start(policy)
  await lab.run(300)
  await canary.beat({ counts: counts({ taken: 50, succeeded: 50 }) })
  return { lab, stable, canary, asked: () => asked }
}

describe('a rollout with an external metric', () => {
  it('goes on while its values are right, asking once an interval', async () => {
    const { lab, asked } = await begun(async () => ({ kind: 'value', value: 0.01 }))
    await lab.run(2_500)
    expect(asked()).toBe(2)
    expect((await lab.rollout()).metrics['logs']).toMatchObject({ failed: 0, inStep: 2 })
    await lab.run(1_000)
    expect((await lab.rollout()).phase).not.toBe('Progressing')
  })

  it('goes back after one failed measurement more than the limit', async () => {
    const { lab } = await begun(async () => ({ kind: 'value', value: 7 }))
    await lab.run(1_500)
    expect((await lab.rollout()).metrics['logs']).toMatchObject({ failed: 1 })
    await lab.run(1_500)
    expect(await lab.rollout()).toMatchObject({
      phase: 'RollingBack',
      why: 'logs: logs 7 is outside max 0.05 (2 failed measurements, limit 1)',
    })
  })

  it('is not held up by a provider that hangs, and waits for its answer', async () => {
    const { lab, asked, stable } = await begun(() => new Promise(() => {}))
    const before = (await lab.state()).sequence
    await lab.run(6_000)
    expect((await lab.state()).sequence - before).toBeGreaterThan(100)
    expect([asked(), (await lab.rollout()).phase]).toEqual([1, 'Progressing'])
    expect((await lab.rollout()).why).toContain('logs has no measurement in this step')
    expect(stable.logged.filter(({ level }) => level === 'warn')).toEqual([])
  })

  it('does not measure a reading twice when a decision is lost', async () => {
    const { lab, stable, asked } = await begun(async (count) => ({ kind: 'value', value: count === 1 ? 7 : 0 }))
    await lab.run(900)
    stable.store.only = 'writes'
    stable.store.fault = 'loseAnswer'
    for (let look = 0; look < 6; look++) {
      await lab.clock.advance(50)
      await stable.tick()
    }
    stable.store.fault = 'none'
    await lab.run(300)
    expect([asked(), (await lab.rollout()).metrics['logs']?.failed]).toEqual([1, 1])
  })

  it('goes on with the next coordinator, which asks for itself', async () => {
    const { lab, stable, canary, asked } = await begun(async () => ({ kind: 'value', value: 7 }))
    await lab.run(1_200)
    expect((await lab.rollout()).metrics['logs']).toMatchObject({ failed: 1 })
    const other = lab.add('s2', 'v1')
    await stable.coordinator.release()
    await lab.run(3_000, [other, canary])
    expect(asked()).toBe(2)
    expect((await lab.rollout()).phase).toBe('RollingBack')
  })

  it('goes back when nobody can be asked', async () => {
    const lab = await Lab.open()
    const canary = lab.add('c1', 'v2')
    lab.add('s1', 'v1')
    await lab.start(policy)
    await lab.run(300)
    await canary.beat({ counts: counts({ taken: 50, succeeded: 50 }) })
    await lab.run(7_000)
    expect(await lab.rollout()).toMatchObject({
      phase: 'RollingBack',
      why: 'logs: logs: this worker has no metric providers (5 errors in a row, limit 4)',
    })
  })
})
