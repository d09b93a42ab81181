import { describe, expect, it } from 'vitest'
import { buildPolicy, rampStep } from '../support/build-policy.ts'
import { Lab, missing } from './lab.ts'

const policy = buildPolicy({ steps: [rampStep({ durationMs: 3_600_000 })] })

describe('without its policy', () => {
  it.each([
    ['is missing', undefined],
    ['cannot be read', '{"format":9}'],
  ])('that %s, the canary takes nothing, the lease is kept, and it is said once', async (_, garbage) => {
    const lab = await Lab.open()
    const [stable] = [lab.add('s1', 'v1'), lab.add('c1', 'v2')]
    if (garbage !== undefined) await lab.shared.put('default/orders/policies/sha256%3A1', garbage, undefined)
    await lab.start(missing)
    await lab.run(10_000)
    expect(await lab.state()).toMatchObject({
      epoch: 1,
      allocations: { stable: { kind: 'stream' }, canary: { kind: 'none' }, consumers: {} },
      rollout: { phase: 'Initialized' },
    })
    expect(stable.logged.filter(({ level }) => level === 'error')).toHaveLength(1)
    await lab.command('abort')
    await lab.run(100)
    expect((await lab.rollout()).phase).toBe('RollingBack')
  })

  it('the rollout goes on when it is there again, and back when it stays away', async () => {
    const lab = await Lab.open()
    lab.add('s1', 'v1')
    lab.add('c1', 'v2')
    await lab.start(missing)
    await lab.run(1_000)
    await lab.records.writePolicy('sha256:1', policy)
    await lab.run(200)
    expect((await lab.rollout()).phase).toBe('Progressing')

    const other = await Lab.open()
    other.add('s1', 'v1')
    await other.start(missing)
    await other.run(599_000, other.members, 1_000)
    expect((await other.rollout()).phase).toBe('Initialized')
    await other.run(3_000, other.members, 1_000)
    expect((await other.rollout()).phase).toBe('RolledBack')

    await other.start(missing, undefined, 'r2')
    await other.run(3_000, other.members, 1_000)
    expect((await other.rollout()).phase, 'the next one is waited for as long').toBe('Initialized')
  })
})

describe('a store that fails', () => {
  it('is said once, changes nothing, and does not make the tick reject', async () => {
    const lab = await Lab.open()
    const stable = lab.add('s1', 'v1')
    lab.add('c1', 'v2')
    await lab.start(policy)
    await lab.run(300)
    const before = await lab.state()
    stable.store.fault = 'reject'
    for (let round = 0; round < 20; round++) {
      await lab.clock.advance(50)
      expect(await stable.tick()).toEqual({ leads: true })
    }
    expect(await lab.state()).toEqual(before)
    expect(stable.logged.filter(({ level }) => level === 'warn')).toEqual([
      { level: 'warn', text: 'coordination is interrupted' },
    ])
    stable.store.fault = 'none'
    await lab.run(100)
    expect(stable.logged.at(-1)).toEqual({ level: 'info', text: 'coordination goes on' })
  })

  it.each(['{', '{"format":7,"kind":"queue"}'])('or holds %s as the document makes no tick reject', async (garbage) => {
    const lab = await Lab.open()
    const stable = lab.add('s1', 'v1')
    await lab.shared.put('default/orders/state', garbage, (await lab.shared.get('default/orders/state'))?.revision)
    expect(await stable.tick()).toEqual({ leads: false })
    expect((await lab.shared.get('default/orders/state'))?.value).toBe(garbage)
  })

  it('or is empty makes nobody lead', async () => {
    const lab = new Lab()
    expect(await lab.add('s1', 'v1').tick()).toEqual({ leads: false })
    expect(await lab.shared.list('')).toEqual([])
  })
})
