import { describe, expect, it } from 'vitest'
import { sweepable } from '../../src/coordinator/sweep.ts'
import { buildReport } from '../support/build-report.ts'
import { counts } from '../support/build-rollout.ts'
import { Lab } from './lab.ts'
import type { Member } from './lab.ts'

describe('what is swept', () => {
  it.each([
    ['gone', 9_999, false],
    ['gone', 10_000, true],
    ['ready', 59_999, false],
    ['ready', 60_000, true],
  ] as const)('a report that is %s and stood still for %i ms: %s', (state, silentMs, isSwept) => {
    expect(sweepable([buildReport({ id: 'a', state })], () => silentMs)).toEqual(isSwept ? ['a'] : [])
  })

  it('is never so much that the lease runs out meanwhile', () => {
    const reports = Array.from({ length: 3_000 }, (_, index) => buildReport({ id: `c${index}`, state: 'gone' }))
    expect(sweepable(reports, () => 60_000).length).toBeLessThanOrEqual(50)
  })
})

describe('a coordinator counts what the store holds', () => {
  const old = buildReport({ id: 'old', state: 'gone', link: 'closed', beat: 9, counts: counts({ taken: 1_000 }) })

  async function untilSwept(lab: Lab, members: readonly Member[]): Promise<void> {
    for (let looks = 0; looks < 1_000; looks++) {
      if ((await lab.records.readReports()).every(({ id }) => id !== 'old')) return
      await lab.run(50, members)
    }
    throw new Error('the report was not swept')
  }

  async function stableTaken(lab: Lab): Promise<number | undefined> {
    return (await lab.rollout()).latest?.stable.taken
  }

  it('and not what it has swept a moment ago: the next one would count less', async () => {
    const lab = await Lab.open()
    const [one, two, canary] = [lab.add('one', 'v1'), lab.add('two', 'v1'), lab.add('canary', 'v2')]
    await lab.records.writeReport(old)
    await untilSwept(lab, lab.members)
    await lab.start()
    await lab.run(1_000)
    expect((await lab.state()).lease.holder).toBe(one.id)
    const before = await stableTaken(lab)
    await lab.run(8_000, [two, canary])
    expect((await lab.state()).lease.holder).toBe(two.id)
    expect([before, await stableTaken(lab)]).toEqual([0, 0])
  })

  it('and not what another one has swept since it led', async () => {
    const lab = await Lab.open()
    const [one, two] = [lab.add('one', 'v1'), lab.add('two', 'v1')]
    await lab.records.writeReport(old)
    await lab.run(1_000)
    expect((await lab.state()).lease.holder).toBe(one.id)
    await untilSwept(lab, [two])
    const canary = lab.add('canary', 'v2')
    await lab.start()
    await lab.run(1_000, [two, canary])
    await lab.run(8_000, [one, canary])
    expect((await lab.state()).lease.holder).toBe(one.id)
    expect(await stableTaken(lab)).toBe(0)
  })
})
