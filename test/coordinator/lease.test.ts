import { describe, expect, it } from 'vitest'
import { comparing } from '../support/build-comparison.ts'
import { Lab, longRamp } from './lab.ts'

describe('the lease', () => {
  it('is taken at once when nobody holds it', async () => {
    const lab = await Lab.open()
    const one = lab.add('one', 'v1')
    await one.tick()
    expect(await lab.state()).toMatchObject({ epoch: 1, sequence: 1, lease: { holder: 'one' } })
  })

  it('is renewed, and by nobody else, while its holder ticks', async () => {
    const lab = await Lab.open()
    const [one, two] = [lab.add('one', 'v1'), lab.add('two', 'v1')]
    await one.tick()
    await lab.run(30_000, [two, one], 500)
    const state = await lab.state()
    expect(state).toMatchObject({ epoch: 1, lease: { holder: 'one' } })
    expect(state.lease.renewals).toBeGreaterThan(20)
  })

  it.each([0, 3_600_000, -3_600_000])(
    'runs out when it was seen to stand still for its whole time, with a clock %s ms apart',
    async (skewMs) => {
      const lab = await Lab.open()
      const [one, two] = [lab.add('one', 'v1'), lab.add('two', 'v1', { skewMs })]
      await one.tick()
      await two.tick()
      await lab.run(4_950, [two])
      expect((await lab.state()).lease.holder).toBe('one')
      await lab.run(50, [two])
      expect(await lab.state()).toMatchObject({ epoch: 2, lease: { holder: 'two' } })
    },
  )

  it('is not found to have run out by one who comes late: it must have watched', async () => {
    const lab = await Lab.open()
    const one = lab.add('one', 'v1')
    await one.tick()
    await lab.clock.advance(3_600_000)
    const two = lab.add('two', 'v1')
    await lab.run(4_900, [two], 100)
    expect((await lab.state()).lease.holder).toBe('one')
  })

  it('is not found to have run out by one who slept', async () => {
    const lab = await Lab.open()
    const [one, two] = [lab.add('one', 'v1'), lab.add('two', 'v1')]
    await one.tick()
    await two.tick()
    await lab.clock.advance(60_000)
    await two.tick()
    expect((await lab.state()).lease.holder).toBe('one')
  })

  it('is handed over at once by a release', async () => {
    const lab = await Lab.open()
    const [one, two] = [lab.add('one', 'v1'), lab.add('two', 'v1')]
    await one.tick()
    await two.tick()
    await one.coordinator.release()
    await two.tick()
    expect(await lab.state()).toMatchObject({ epoch: 2, lease: { holder: 'two' } })
  })

  it('is released though a tick is under way, and though somebody else writes at the same time', async () => {
    const lab = await Lab.open()
    const one = lab.add('one', 'v1')
    const gate = Promise.withResolvers<void>()
    one.store.gate = gate.promise
    const ticking = one.tick()
    const releasing = one.coordinator.release()
    one.store.gate = undefined
    gate.resolve()
    await Promise.all([ticking, releasing])
    expect((await lab.state()).lease.holder).toBeUndefined()

    await one.tick()
    const held = Promise.withResolvers<void>()
    one.store.gate = held.promise
    const again = one.coordinator.release()
    await lab.clock.advance(0)
    await lab.command('pause')
    one.store.gate = undefined
    held.resolve()
    await again
    expect((await lab.state()).lease.holder).toBeUndefined()
  })

  it('is left alone by the release of one who does not hold it', async () => {
    const lab = await Lab.open()
    const [one, two] = [lab.add('one', 'v1'), lab.add('two', 'v1')]
    await one.tick()
    await two.coordinator.release()
    expect((await lab.state()).lease.holder).toBe('one')
  })

  it('runs out by itself where the release cannot reach the store, and the release resolves', async () => {
    const lab = await Lab.open()
    const one = lab.add('one', 'v1')
    await one.tick()
    one.store.fault = 'reject'
    await one.coordinator.release()
    expect(one.logged.at(-1)).toEqual({ level: 'warn', text: 'the lease was not let go; it will run out' })
  })
})

describe('who leads', () => {
  it('is never a version that no rollout names', async () => {
    const lab = await Lab.open()
    const stranger = lab.add('stranger', 'v9')
    await lab.run(20_000, [stranger], 500)
    expect((await lab.state()).lease.holder).toBeUndefined()
  })

  it('is never a version that is kept warm for an undo, though nobody else lives', async () => {
    const lab = await Lab.open()
    const warm = lab.add('warm', 'v1')
    await lab.change((state) => ({ ...state, stable: 'v2', standby: { version: 'v1', leftMs: 60_000 } }))
    await lab.run(20_000, [warm], 500)
    expect(await lab.state()).toMatchObject({ lease: { holder: undefined }, standby: { leftMs: 60_000 } })
  })

  it('ends the rollback window by the time that it has watched', async () => {
    const lab = await Lab.open()
    const young = lab.add('young', 'v2')
    await lab.change((state) => ({ ...state, stable: 'v2', standby: { version: 'v1', leftMs: 10_000 } }))
    await lab.run(8_000, [young], 500)
    const left = (await lab.state()).standby?.leftMs ?? 0
    expect(left).toBeGreaterThan(1_000)
    expect(left).toBeLessThan(4_000)
    await lab.clock.advance(3_600_000)
    await lab.run(500, [young], 500)
    expect((await lab.state()).standby?.leftMs).toBeGreaterThan(left - 3_500)
    await lab.run(5_000, [young], 500)
    expect((await lab.state()).standby).toBeUndefined()
  })

  it('is not the canary while a stable consumer lives, though that one does not lead', async () => {
    const lab = await Lab.open()
    const [stable, canary] = [lab.add('stable', 'v1'), lab.add('canary', 'v2')]
    await lab.start()
    for (let passed = 0; passed < 20_000; passed += 500) {
      await lab.clock.advance(500)
      await stable.beat()
      await canary.tick()
    }
    expect(await lab.state()).toMatchObject({ epoch: 0, lease: { holder: undefined } })
  })

  it('is the canary once every stable consumer was seen to stand still, and no sooner', async () => {
    const lab = await Lab.open()
    const [stable, canary] = [lab.add('stable', 'v1'), lab.add('canary', 'v2')]
    await lab.start()
    await stable.beat()
    await canary.tick()
    await lab.run(5_950, [canary])
    expect((await lab.state()).lease.holder).toBeUndefined()
    await lab.run(100, [canary])
    expect((await lab.state()).lease.holder).toBe('canary')
  })

  it('is the canary at once when every stable consumer signed off', async () => {
    const lab = await Lab.open()
    const [stable, canary] = [lab.add('stable', 'v1'), lab.add('canary', 'v2')]
    await lab.start()
    await stable.beat({ state: 'gone' })
    await canary.tick()
    expect((await lab.state()).lease.holder).toBe('canary')
  })

  it('is the stable version again as soon as one of its consumers is back', async () => {
    const lab = await Lab.open()
    const canary = lab.add('canary', 'v2')
    await lab.start()
    await lab.run(200, [canary])
    expect((await lab.state()).lease.holder).toBe('canary')
    const stable = lab.add('stable', 'v1')
    await lab.run(100, [canary, stable])
    expect(await lab.state()).toMatchObject({ epoch: 2, lease: { holder: 'stable' } })
  })

  it('is the new version once it is in charge', async () => {
    const lab = await Lab.open()
    const [old, young] = [lab.add('old', 'v1'), lab.add('young', 'v2')]
    await lab.start()
    await lab.run(200)
    expect((await lab.state()).lease.holder).toBe('old')
    await lab.change((state) => ({ ...state, stable: 'v2' }))
    await lab.run(100)
    expect((await lab.state()).lease.holder).toBe(young.id)
    expect(old.logged.every(({ level }) => level === 'info')).toBe(true)
  })

  it('is a version that drains where nobody of the one in charge lives: the drain ends', async () => {
    const lab = await Lab.open()
    const [old, young] = [lab.add('old', 'v1'), lab.add('young', 'v2')]
    await lab.start()
    await lab.run(200)
    await lab.change((state) => ({
      ...state,
      stable: 'v2',
      rollout: state.rollout && { ...state.rollout, phase: 'Draining' },
    }))
    await lab.run(100)
    expect((await lab.state()).lease.holder).toBe(young.id)
    await lab.run(12_500, [old])
    expect(await lab.state()).toMatchObject({ lease: { holder: old.id }, rollout: { phase: 'Draining' } })
    await old.beat({ state: 'drained' })
    await lab.run(100, [old])
    expect((await lab.rollout()).phase).toBe('Succeeded')
  })
})

describe('a change of coordinators', () => {
  const comparingRamp = { ...longRamp, analysis: comparing() }
  const clockOf = async (lab: Lab) => (await lab.rollout()).comparison?.clock

  it('leaves out what began while nobody let the canary take anything: the stable version went on alone', async () => {
    const lab = await Lab.open()
    const [one, two, canary] = [lab.add('one', 'v1'), lab.add('two', 'v1'), lab.add('three', 'v2')]
    await lab.start(comparingRamp)
    await lab.run(1_500)
    const before = await clockOf(lab)
    await lab.run(5_500, [two, canary])
    const after = await clockOf(lab)
    expect([(await lab.state()).lease.holder, before?.current.number === after?.current.number]).toEqual(['two', false])
    expect(after?.ended.map(({ number }) => number)).not.toContain(before?.current.number)
    expect(one.logged).not.toEqual([])
  })

  it('leaves out what began while the policy was missing', async () => {
    const lab = await Lab.open()
    lab.add('one', 'v1')
    lab.add('three', 'v2')
    await lab.start(comparingRamp)
    await lab.run(1_500)
    const before = await clockOf(lab)
    await lab.change((state) => ({
      ...state,
      rollout: state.rollout && { ...state.rollout, policyDigest: 'sha256:2' },
    }))
    await lab.run(500)
    const after = await clockOf(lab)
    expect(after?.current).toMatchObject({ target: 0 })
    expect(after?.ended.map(({ number }) => number)).not.toContain(before?.current.number)
  })
})
