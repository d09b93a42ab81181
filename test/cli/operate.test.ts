import { describe, expect, it } from 'vitest'
import type { OperateCommand } from '../../src/cli/command.ts'
import { operateCommand } from '../../src/cli/commands/operate.ts'
import type { Rollout } from '../../src/core/rollout/rollout.ts'
import { policyDigest } from '../../src/policy-digest.ts'
import { policyFrom, rollout } from '../status/fixtures.ts'
import { useTeardown } from '../support/teardown.ts'
import { fakeIo } from './fake-io.ts'
import { createWorld, queue } from './world.ts'

const policy = policyFrom({
  steps: [
    { weight: '10%', duration: '1h' },
    { weight: '50%', duration: '1h' },
  ],
  progressDeadline: '1d',
})
const pinned = policyDigest(policy)

describe('commands of an operator', () => {
  const teardown = useTeardown()

  async function setUp(at: Partial<Rollout> | undefined) {
    const world = teardown.add(await createWorld(), (opened) => opened.stop())
    await world.records.writePolicy(pinned, policy)
    if (at !== undefined)
      await world.become((state) => ({ ...state, rollout: rollout({ policyDigest: pinned, ...at }) }))
    const io = fakeIo()
    const operate = (wish: OperateCommand['wish'], some: Partial<OperateCommand> = {}, session = world.session) => {
      const place = { store: undefined, namespace: undefined }
      return operateCommand(
        { kind: 'operate', wish, queue, full: false, reason: '', json: false, place, ...some },
        io,
        session,
      )
    }
    return { world, io, operate }
  }

  it.each([
    ['pause', { phase: 'Progressing' }, { phase: 'Paused', hold: 'operator' }],
    ['resume', { phase: 'Paused', hold: 'operator' }, { phase: 'Progressing', hold: undefined }],
    ['promote', { phase: 'Progressing' }, { phase: 'Progressing', step: 1 }],
    ['abort', { phase: 'Progressing' }, { phase: expect.stringMatching(/^Roll/) }],
  ] as const)('%s is carried out by a coordinator', async (wish, before, after) => {
    const { world, io, operate } = await setUp(before)
    world.coordinate(['v1', 'v2'])
    expect(await operate(wish, { reason: 'the graph looks odd' })).toBe(0)
    const state = await world.state()
    expect(state.rollout).toMatchObject(after)
    expect(state.rollout?.history.some(({ why }) => why.endsWith(': the graph looks odd'))).toBe(true)
    expect(state.commands).toEqual([])
    expect(io.stdout()).toMatch(/^orders {2}/)
  })

  it('promote --full skips the ramp', async () => {
    const { world, io, operate } = await setUp({ phase: 'Progressing' })
    world.coordinate(['v1', 'v2'])
    expect(await operate('promote', { full: true, json: true })).toBe(0)
    expect(io.documents()).toEqual([
      expect.objectContaining({ phase: expect.stringMatching(/Promoting|Draining|Succeeded/) }),
    ])
  })

  it.each([
    ['promote', { phase: 'Initialized' }, /promote refused: .*use --full/],
    ['pause', { phase: 'WaitingPromotion', step: 2 }, /pause refused: only a running step/],
    ['resume', { phase: 'Promoting', step: 2 }, /resume refused/],
    ['abort', { phase: 'Draining', step: 2 }, /abort refused: .*use undo/],
    ['abort', { phase: 'Succeeded', step: 2 }, /abort refused: the rollout has ended: Succeeded/],
    ['pause', undefined, /pause refused: no rollout was started yet/],
  ] as const)('%s is refused in %j, and nothing is written', async (wish, at, why) => {
    const { world, io, operate } = await setUp(at)
    const before = await world.state()
    await expect(operate(wish)).rejects.toMatchObject({ code: 'COMMAND_REFUSED', message: expect.stringMatching(why) })
    expect(await world.state()).toEqual(before)
    expect(io.stdout()).toBe('')
  })

  it.each([
    ['pause', { phase: 'Paused', hold: 'operator' }],
    ['abort', { phase: 'RollingBack' }],
  ] as const)('%s has nothing to do in %j', async (wish, at) => {
    const { world, io, operate } = await setUp(at)
    expect(await operate(wish)).toBe(0)
    expect(io.stdout()).toMatch(/^nothing to do: orders/)
    expect((await world.state()).commands).toEqual([])
  })

  it('says that nobody carries it out, and leaves it in the store', async () => {
    const { world, operate } = await setUp({ phase: 'Progressing' })
    const { clock } = world.session
    const fast = { ...clock, now: () => 50 * clock.now() }
    await expect(operate('abort', {}, { ...world.session, clock: fast })).rejects.toMatchObject({
      code: 'TIMED_OUT',
      message: expect.stringContaining('stands in the store'),
    })
    expect((await world.state()).commands).toMatchObject([{ kind: 'abort', rollout: 'r1' }])
  })

  it('Ctrl-C ends the waiting, not the command: exit 130', async () => {
    const { world, io, operate } = await setUp({ phase: 'Progressing' })
    const waiting = operate('abort', { json: true })
    setTimeout(() => io.interrupt(), 300)
    expect(await waiting).toBe(130)
    expect(io.stderr()).toMatch(/^stopped waiting for abort: it stands in the store/)
    expect(io.stdout()).toBe('')
    expect((await world.state()).commands).toMatchObject([{ kind: 'abort', rollout: 'r1' }])
  })

  it('does not touch a rollout whose policy is lost', async () => {
    const { world, operate } = await setUp({ phase: 'Progressing', policyDigest: 'sha256:lost' })
    await expect(operate('promote')).rejects.toMatchObject({
      code: 'NOT_FOUND',
      message: expect.stringContaining('sha256:lost'),
    })
    expect((await world.state()).commands).toEqual([])
  })

  it('aborts a rollout whose policy is lost', async () => {
    const { world, operate } = await setUp({ phase: 'Progressing', policyDigest: 'sha256:lost' })
    world.coordinate(['v1', 'v2'])
    expect(await operate('abort')).toBe(0)
    expect((await world.state()).rollout?.phase).toMatch(/^Roll/)
  })
})
