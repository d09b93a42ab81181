import { describe, expect, it } from 'vitest'
import type { Clock } from '../../src/contracts/clock.ts'
import { systemClock } from '../../src/worker/system-clock.ts'
import { eventually, remains } from '../support/eventually.ts'
import { useTeardown } from '../support/teardown.ts'
import { fleet, quickPolicy } from './support/fleet.ts'
import type { Fleet } from './support/fleet.ts'

const teardown = useTeardown()

/** Runs on its own unless it is made to jump, as time does for a process that was stopped. */
function jumpingClock(): Clock & { jump(ms: number): void } {
  const real = systemClock()
  let ahead = 0
  return { ...real, now: () => real.now() + ahead, wall: () => real.wall() + ahead, jump: (ms) => void (ahead += ms) }
}

const patientPolicy = {
  ...quickPolicy,
  steps: [{ weight: '50%', concurrency: 2, duration: '1m' }],
  progressDeadline: '1h',
}

/** v1 in charge and v2 on trial, both taking messages. */
async function ramping(options: { clock?: Clock } = {}) {
  const all = fleet(teardown, options)
  const [stable, canary] = [all.worker('v1'), all.worker('v2')]
  await stable.start()
  await canary.start()
  all.traffic(2)
  await all.start('v2', patientPolicy)
  await takes(all, 'v2')
  return { ...all, stable, canary }
}

async function takes({ handled }: Fleet, version: string): Promise<void> {
  const before = handled.get(version)?.length ?? 0
  await eventually(() => (handled.get(version)?.length ?? 0) > before + 10, { what: `${version} to take` })
}

function rests({ handled }: Fleet, version: string, forMs = 300): Promise<void> {
  const before = handled.get(version)?.length
  return remains(() => handled.get(version)?.length === before, { what: `${version} takes nothing`, forMs })
}

describe('a store that does not answer', () => {
  it.each(['down', 'silent'] as const)(
    '(%s): stable goes on, the canary stops when its allocation is old, both come back',
    async (mode) => {
      const clock = jumpingClock()
      const all = await ramping({ clock })
      all.store.mode = mode
      await takes(all, 'v1')
      clock.jump(5_100)
      await eventually(() => all.canary.snapshot()[0]?.inFlight === 0, { what: 'the canary to finish' })
      await rests(all, 'v2')
      await takes(all, 'v1')
      expect(all.canary.snapshot()).toMatchObject([{ state: 'ready', link: 'idle' }])
      all.store.mode = 'up'
      await takes(all, 'v2')
    },
  )

  it('at the start: nobody takes anything until it is known who is in charge', async () => {
    const all = fleet(teardown)
    all.store.mode = 'down'
    const one = all.worker('v1')
    all.publish(5)
    const started = one.start()
    await remains(() => all.handled.get('v1')?.length === 0, { what: 'nothing taken' })
    all.store.mode = 'up'
    await started
    await eventually(() => all.handled.get('v1')?.length === 5, { what: 'all to be handled' })
    expect(await all.state()).toMatchObject({ stable: 'v1' })
  })
})

describe('a process that was stopped for longer than an allocation lives', () => {
  it('starts no message before it has seen the document change again', async () => {
    const clock = jumpingClock()
    const all = await ramping({ clock })
    all.store.mode = 'silent'
    const before = all.handled.get('v2')?.length
    clock.jump(6_000)
    // No timer has run yet: only the check right before each start can stop it.
    expect(all.canary.snapshot()[0]?.state).toBe('ready')
    await rests(all, 'v2')
    expect(all.handled.get('v2')?.length).toBe(before)
    all.store.mode = 'up'
    await takes(all, 'v2')
  })
})

describe('a store that loses its memory', () => {
  it('emptied: stable goes on, the canary takes nothing, the document is written anew with its tombstones', async () => {
    const all = await ramping()
    const { generation } = await all.state()
    await all.store.wipe()
    await eventually(async () => (await all.state()).generation !== generation, { what: 'a new generation' })
    expect(await all.state()).toMatchObject({ stable: 'v1', rollout: undefined })
    await takes(all, 'v1')
    await rests(all, 'v2')
    expect(all.log.text).toContain('the store was emptied or replaced')
    await all.start('v2', quickPolicy)
    await all.phase('Succeeded')
    expect(await all.stable.done).toMatchObject({ reason: 'retired' })
  })

  it('restored from an older dump: the newest document that is known is written again, and the rollout goes on', async () => {
    const all = await ramping()
    const dump = await all.store.dump()
    const dumped = (await all.state()).sequence
    await eventually(async () => (await all.state()).sequence > dumped + 10, { what: 'ten more decisions' })
    const { sequence, epoch } = await all.state()
    await all.store.restore(dump)
    await eventually(() => all.log.text.includes('the store went back in time'), { what: 'the alarm' })
    await takes(all, 'v1')
    await eventually(
      async () => {
        const now = await all.state()
        return now.epoch > epoch || now.sequence > sequence
      },
      { what: 'the document to be newer' },
    )
    await takes(all, 'v2')
    expect(all.canary.snapshot()).toMatchObject([{ state: 'ready' }])
  })

  it('restored from a dump of before a promotion: the promotion stands, and what it retired stays retired', async () => {
    const all = fleet(teardown)
    const [first, second] = [all.worker('v1'), all.worker('v2')]
    await first.start()
    await second.start()
    all.traffic(2)
    await all.start('v2', quickPolicy)
    await all.phase('Progressing')
    const dump = await all.store.dump()
    await all.phase('Succeeded')
    await first.done
    const { generation } = await all.state()
    await all.store.restore(dump)
    await eventually(async () => (await all.state()).rollout?.phase === 'Succeeded', { what: 'the end to be known' })
    expect(await all.state()).toMatchObject({ generation, stable: 'v2', previous: 'v1' })
    expect(all.log.text).toContain('the store went back in time')
    await takes(all, 'v2')
    const again = all.worker('v1')
    await again.start()
    expect(await again.done).toMatchObject({ reason: 'retired' })
    expect(second.snapshot()).toMatchObject([{ state: 'ready' }])
  })

  it('filled with garbage: stable goes on, the canary takes nothing', async () => {
    const all = await ramping()
    const key = 'default/orders/state'
    const found = await all.store.get(key)
    await all.store.put(key, '{"format":', found?.revision)
    const alarms = () => all.log.lines.filter(({ text }) => text.includes('cannot be understood')).length
    await eventually(() => alarms() === 2, { what: 'the alarm of both' })
    await eventually(() => all.canary.snapshot()[0]?.inFlight === 0, { what: 'the canary to finish' })
    await rests(all, 'v2')
    await takes(all, 'v1')
    expect(all.canary.snapshot()).toMatchObject([{ state: 'ready', link: 'idle' }])
  })
})

describe('a version that was retired', () => {
  it('stays retired when the store is emptied', async () => {
    const all = fleet(teardown)
    const [first, second] = [all.worker('v1'), all.worker('v2')]
    await first.start()
    await second.start()
    all.traffic(2)
    await all.start('v2', quickPolicy)
    await all.phase('Succeeded')
    await first.done
    const { generation } = await all.state()
    await all.store.wipe()
    await eventually(async () => (await all.state()).generation !== generation, { what: 'a new generation' })
    const again = all.worker('v1')
    await again.start()
    expect(await again.done).toMatchObject({ reason: 'retired' })
    await takes(all, 'v2')
  })
})
