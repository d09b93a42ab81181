import { describe, expect, it } from 'vitest'
import { eventually, remains } from '../support/eventually.ts'
import { useTeardown } from '../support/teardown.ts'
import { fleet, quickPolicy } from './support/fleet.ts'

const teardown = useTeardown()
const undoPolicy = { strategy: 'blueGreen', promotion: { workers: 1, duration: '0s' } }

describe('the old version within the rollback window', () => {
  it('stays linked, takes nothing, loses nothing, and takes everything again about a second after the undo', async () => {
    const { worker, traffic, state, phase, handled, start, server } = fleet(teardown)
    const [first, second] = [worker('v1'), worker('v2')]
    await first.start()
    await second.start()
    const { stop, sent } = traffic(3)
    await start('v2', { ...quickPolicy, rollbackWindow: '1m' })
    await phase('Succeeded')
    expect(first.snapshot()).toMatchObject([{ state: 'ready', link: 'idle', inFlight: 0 }])
    const before = handled.get('v1')?.length
    await remains(() => handled.get('v1')?.length === before, { what: 'v1 takes nothing' })
    expect((await state()).standby).toMatchObject({ version: 'v1' })

    const [asked, held] = [performance.now(), handled.get('v1')?.length ?? 0]
    await start('v1', undoPolicy, true)
    await eventually(() => (handled.get('v1')?.length ?? 0) > held, { what: 'v1 takes messages again' })
    const tookMs = performance.now() - asked
    await phase('Succeeded')
    expect(await second.done).toMatchObject({ reason: 'retired' })
    expect(await state()).toMatchObject({ stable: 'v1', previous: 'v2' })
    stop()
    await eventually(() => server.depth('orders') === 0, { what: 'an empty queue' })
    await first.drain()
    const all = [...(handled.get('v1') ?? []), ...(handled.get('v2') ?? [])]
    expect([new Set(all).size, all.length]).toEqual([sent(), sent()])
    console.log(`undo within the window: the old version takes messages after ${Math.round(tookMs)} ms`)
    expect(tookMs).toBeLessThan(5_000)
  })

  it('is retired when it is over', async () => {
    const { worker, phase, start } = fleet(teardown)
    const [first, second] = [worker('v1'), worker('v2')]
    await first.start()
    await second.start()
    await start('v2', { ...quickPolicy, strategy: 'blueGreen', steps: undefined, rollbackWindow: '2s' })
    await phase('Succeeded')
    expect(first.snapshot()).toMatchObject([{ state: 'ready' }])
    expect(await first.done).toMatchObject({ reason: 'retired', drains: [{ onTime: true, abandoned: 0 }] })
  })
})
