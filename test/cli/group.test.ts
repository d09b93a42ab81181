import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { OperateCommand, StartCommand } from '../../src/cli/command.ts'
import { operateCommand } from '../../src/cli/commands/operate.ts'
import { startCommand } from '../../src/cli/commands/start.ts'
import { eventually } from '../support/eventually.ts'
import { useTeardown } from '../support/teardown.ts'
import { fakeIo } from './fake-io.ts'
import { createWorld } from './world.ts'
import type { World } from './world.ts'

const place = { store: undefined, namespace: undefined }
const quick = 'strategy: blueGreen\npromotion: { workers: 1, duration: 0s }\n'
const long = 'steps: [{ weight: 5%, duration: 1h }, { weight: 9%, duration: 1h }]\nprogressDeadline: 1d\n'

describe('start with several queues', () => {
  const teardown = useTeardown()

  async function setUp(policy = quick) {
    const orders = teardown.add(await createWorld(), (opened) => opened.stop())
    const other = { store: orders.store, name: 'bills' }
    const bills = teardown.add(await createWorld(other), (opened) => opened.stop())
    const cwd = teardown.add(await mkdtemp(join(tmpdir(), 'group-')), (folder) => rm(folder, { recursive: true }))
    await writeFile(join(cwd, 'p.yaml'), policy)
    const io = fakeIo({ cwd })
    const start = (some: Partial<StartCommand> = {}) => {
      const what = {
        kind: 'start',
        queues: ['orders', 'bills'],
        version: 'v2',
        policy: 'p.yaml',
        force: false,
      } as const
      const how = { json: false, watch: false, timeoutMs: undefined, exitOnPause: false, place }
      return startCommand({ ...what, ...how, ...some }, io, orders.session)
    }
    const operate = (wish: OperateCommand['wish'], queue: string, json = false) => {
      const what = { kind: 'operate', wish, queue, full: false, reason: 'a test', json, place } as const
      return operateCommand(what, io, orders.session)
    }
    const coordinate = () => [orders, bills].forEach((world) => world.coordinate(['v1', 'v2']))
    return { orders, bills, io, start, operate, coordinate }
  }

  const rollouts = (...worlds: readonly World[]) =>
    Promise.all(worlds.map(async (world) => (await world.state()).rollout))

  it('begins one rollout with a part on each, of which the first decides', async () => {
    const { orders, bills, io, start } = await setUp()
    expect(await start({ json: true })).toBe(0)
    const [one, two] = await rollouts(orders, bills)
    expect(one?.group).toEqual({ id: two?.group?.id, queues: ['orders', 'bills'], queue: 'orders', ready: 0 })
    expect(two?.group).toMatchObject({ queue: 'bills', queues: ['orders', 'bills'] })
    const part = { group: { id: one?.group?.id, queues: ['orders', 'bills'] } }
    expect(io.documents()).toMatchObject([[part, part]])
  })

  it('begins none where one does not allow it, and says all reasons', async () => {
    const { orders, bills, start } = await setUp()
    await orders.become((state) => ({ ...state, stable: 'v2' }))
    await bills.become((state) => ({ ...state, tombstones: { v2: { reason: 'rolledBack', at: 'then' } } }))
    await expect(start()).rejects.toMatchObject({
      code: 'COMMAND_REFUSED',
      message: expect.stringMatching(/queue orders: v2 is in charge already\n.*queue bills: v2 was rolled back before/),
    })
    expect(await rollouts(orders, bills)).toEqual([undefined, undefined])
  })

  it.each([
    ['of which nobody knows one', quick, { queues: ['orders', 'letters'] }, 'NOT_FOUND', /"letters"/],
    ['that would step back', 'onFailure: stepBack\n', {}, 'POLICY_UNSUPPORTED', /stepBack is for one queue/],
  ] as const)('refuses queues %s', async (...[, policy, some, code, message]) => {
    const { orders, bills, start } = await setUp(policy)
    await expect(start(some)).rejects.toMatchObject({ code, message: expect.stringMatching(message) })
    expect(await rollouts(orders, bills)).toEqual([undefined, undefined])
  })

  it('takes back what has begun where the last one cannot be written any more', async () => {
    const { orders, bills, start } = await setUp()
    const put = orders.store.put.bind(orders.store)
    orders.store.put = async (key, value, expected) => {
      // Somebody else starts a rollout of the first queue in the meantime.
      if (key.endsWith('orders/state') && value.includes('"v2"')) {
        orders.store.put = put
        await orders.become((state) => ({ ...state, stable: 'v2' }))
      }
      return put(key, value, expected)
    }
    await expect(start()).rejects.toMatchObject({ code: 'COMMAND_REFUSED', message: /queue orders: v2 is in charge/ })
    expect((await bills.state()).commands).toMatchObject([{ kind: 'abort' }])
    bills.coordinate(['v1', 'v2'])
    await eventually(async () => (await bills.state()).rollout?.phase === 'RolledBack', { what: 'the way back' })
  })

  it('--watch follows all of them to the promotion: exit 0', async () => {
    const { orders, bills, io, start, coordinate } = await setUp()
    coordinate()
    expect(await start({ watch: true })).toBe(0)
    expect([(await orders.state()).stable, (await bills.state()).stable]).toEqual(['v2', 'v2'])
    expect(io.stdout()).toMatch(/orders {2}Succeeded/)
    expect(io.stdout()).toMatch(/bills {2}Succeeded/)
  })

  it.each(['orders', 'bills'])('abort of %s takes all back: exit 3 of the watch', async (queue) => {
    const { orders, bills, start, operate, coordinate } = await setUp(long)
    coordinate()
    const ended = start({ watch: true })
    await eventually(async () => (await rollouts(orders, bills)).every((each) => each?.phase === 'Progressing'), {
      what: 'the first step on both',
    })
    expect(await operate('abort', queue)).toBe(0)
    expect(await ended).toBe(3)
    expect((await rollouts(orders, bills)).map((each) => each?.phase)).toEqual(['RolledBack', 'RolledBack'])
  })

  it.each([
    ['orders', 'a list', true, /\n\[\{"queue":"orders".*"phase":"Roll.*\{"queue":"bills".*\]\n$/],
    ['bills', 'a line each', false, /\norders {2}Roll.*\nbills {2}.*\n$/],
  ] as const)('abort of %s prints all of them, %s', async (queue, _, json, printed) => {
    const { orders, io, start, operate, coordinate } = await setUp(long)
    coordinate()
    await start()
    await eventually(async () => (await orders.state()).rollout?.phase === 'Progressing', { what: 'the first step' })
    expect(await operate('abort', queue, json)).toBe(0)
    expect(io.stdout()).toMatch(printed)
  })

  it('abort has worked also where another queue of the group cannot be shown', async () => {
    const { orders, io, start, coordinate } = await setUp(long)
    coordinate()
    await start()
    await eventually(async () => (await orders.state()).rollout?.phase === 'Progressing', { what: 'the first step' })
    const { store } = orders.session
    const get = async (key: string) => (key.includes('bills') ? undefined : store.get(key))
    const session = {
      ...orders.session,
      store: { ...store, get, put: store.put.bind(store), list: store.list.bind(store) },
    }
    const what = {
      kind: 'operate',
      wish: 'abort',
      queue: 'orders',
      full: false,
      reason: 'a test',
      json: false,
      place,
    } as const
    expect(await operateCommand(what, io, session)).toBe(0)
    expect(io.stdout()).toMatch(/\norders {2}Roll.*\nbills {2}NOT_FOUND {2}/)
  })

  it('pause, resume and promote of one are for all', async () => {
    const { orders, bills, io, start, operate, coordinate } = await setUp(long)
    coordinate()
    await start()
    const are = (part: object) =>
      eventually(async () => expect(await rollouts(orders, bills)).toMatchObject([part, part]), {
        what: JSON.stringify(part),
      })
    await are({ phase: 'Progressing', step: 0 })
    await operate('pause', 'bills')
    await are({ phase: 'Paused', hold: 'operator' })
    await operate('resume', 'orders')
    await are({ phase: 'Progressing', step: 0 })
    await operate('promote', 'bills')
    await are({ phase: 'Progressing', step: 1 })
    expect(io.stdout()).toContain('one rollout with bills')
  })

  it('a command that one of them refuses is written to none', async () => {
    const { orders, bills, start, operate } = await setUp(long)
    await start()
    await orders.become((state) => ({ ...state, rollout: state.rollout && { ...state.rollout, phase: 'Progressing' } }))
    await expect(operate('promote', 'orders')).rejects.toMatchObject({ code: 'COMMAND_REFUSED' })
    expect([(await orders.state()).commands, (await bills.state()).commands]).toEqual([[], []])
  })
})
