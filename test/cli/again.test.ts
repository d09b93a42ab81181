import { describe, expect, it } from 'vitest'
import { retryCommand, undoCommand } from '../../src/cli/commands/again.ts'
import type { QueueState } from '../../src/core/rollout/queue-state.ts'
import { policyDigest } from '../../src/policy-digest.ts'
import { policyFrom, rollout } from '../status/fixtures.ts'
import { useTeardown } from '../support/teardown.ts'
import { fakeIo } from './fake-io.ts'
import { createWorld, queue } from './world.ts'

const place = { store: undefined, namespace: undefined }
const idle = { watch: false, timeoutMs: undefined, exitOnPause: false, queue, json: false, place }
const retry = { kind: 'retry', ...idle } as const
const undo = { kind: 'undo', ...idle } as const

const quick = policyFrom({ strategy: 'blueGreen' })
const pinned = policyDigest(quick)

const rolledBack = (state: QueueState): QueueState => ({
  ...state,
  tombstones: { v2: { reason: 'rolledBack', at: 'then' } },
  rollout: rollout({ phase: 'RolledBack', policyDigest: pinned }),
})

const promoted = (state: QueueState): QueueState => ({
  ...state,
  stable: 'v2',
  previous: 'v1',
  tombstones: { v1: { reason: 'promotedAway', at: 'then' } },
  rollout: rollout({ phase: 'Succeeded' }),
})

describe('retry', () => {
  const teardown = useTeardown()
  const setUp = async () => teardown.add(await createWorld(), (world) => world.stop())

  it('begins a new rollout of the version that was rolled back, by the same policy', async () => {
    const world = await setUp()
    await world.records.writePolicy(pinned, quick)
    await world.become(rolledBack)
    expect(await retryCommand(retry, fakeIo(), world.session)).toBe(0)
    const state = await world.state()
    expect(state.rollout).toMatchObject({
      canary: 'v2',
      stable: 'v1',
      phase: 'Initialized',
      policyDigest: pinned,
      harmed: 0,
    })
    expect(state.rollout?.id).not.toBe('r1')
    expect(state.tombstones).toEqual({})
  })

  it('is refused in a freeze of that policy', async () => {
    const world = await setUp()
    const frozen = policyFrom({ strategy: 'blueGreen', freeze: [{ reason: 'audit' }] })
    const digest = policyDigest(frozen)
    await world.records.writePolicy(digest, frozen)
    await world.become((state) => ({
      ...rolledBack(state),
      rollout: rollout({ phase: 'RolledBack', policyDigest: digest }),
    }))
    await expect(retryCommand(retry, fakeIo(), world.session)).rejects.toMatchObject({
      code: 'COMMAND_REFUSED',
      message: expect.stringContaining('(audit) holds: nothing starts before; use start --force'),
    })
  })

  it('is refused without the policy', async () => {
    const world = await setUp()
    await world.become(rolledBack)
    await expect(retryCommand(retry, fakeIo(), world.session)).rejects.toMatchObject({ code: 'NOT_FOUND' })
    expect((await world.state()).rollout?.phase).toBe('RolledBack')
  })

  it.each([
    ['no rollout', (state: QueueState) => state, 'there was no rollout yet'],
    ['a promotion', promoted, 'the last rollout is Succeeded'],
    [
      'a rollout that runs',
      (state: QueueState) => ({ ...state, rollout: rollout({ phase: 'Progressing' }) }),
      'is Progressing',
    ],
  ])('is refused after %s', async (_, become, why) => {
    const world = await setUp()
    await world.become(become)
    const before = await world.state()
    await expect(retryCommand(retry, fakeIo(), world.session)).rejects.toMatchObject({
      code: 'COMMAND_REFUSED',
      message: expect.stringContaining(why),
    })
    expect(await world.state()).toEqual(before)
  })
})

describe('undo', () => {
  const teardown = useTeardown()
  const setUp = async () => teardown.add(await createWorld(), (world) => world.stop())

  it('releases the version before, all at once', async () => {
    const world = await setUp()
    await world.become(promoted)
    const io = fakeIo()
    expect(await undoCommand(undo, io, world.session)).toBe(0)
    const { rollout: begun, tombstones } = await world.state()
    expect(begun).toMatchObject({ canary: 'v1', stable: 'v2', phase: 'Initialized' })
    expect(tombstones).toEqual({})
    const policy = await world.records.readPolicy(begun?.policyDigest ?? '')
    expect(policy).toMatchObject({ strategy: 'blueGreen', steps: [], promotion: { workers: 1, durationMs: 0 } })
    expect(io.stderr()).toContain('returning to v1: its workers must run')
  })

  const takenBack = (canary: string) => (state: QueueState) => ({
    ...promoted(state),
    tombstones: { [canary]: { reason: 'rolledBack', at: 'then' } as const },
    rollout: rollout({ canary, stable: 'v2', phase: 'RolledBack' }),
  })

  it('tries the version before once more where an undo was taken back', async () => {
    const world = await setUp()
    await world.become(takenBack('v1'))
    expect(await undoCommand(undo, fakeIo(), world.session)).toBe(0)
    expect((await world.state()).rollout).toMatchObject({ canary: 'v1', stable: 'v2', phase: 'Initialized' })
  })

  it('ends with the old version in charge, and can be undone itself', async () => {
    const world = await setUp()
    world.coordinate(['v1', 'v2'])
    await world.records.writePolicy(pinned, quick)
    await world.become(promoted).catch(() => world.become(promoted))
    expect(await undoCommand({ ...undo, watch: true }, fakeIo(), world.session)).toBe(0)
    expect(await world.state()).toMatchObject({ stable: 'v1', previous: 'v2' })
    expect(await undoCommand({ ...undo, watch: true }, fakeIo(), world.session)).toBe(0)
    expect(await world.state()).toMatchObject({ stable: 'v2', previous: 'v1' })
  })

  it.each([
    ['nothing', (state: QueueState) => state, 'nothing was promoted yet'],
    ['a rollback and no promotion', rolledBack, 'v1 is in charge as before'],
    [
      'a rollback of another version',
      takenBack('v3'),
      'v3 was rolled back, and v2 is in charge as before: to go back to v1, use start --version v1',
    ],
    [
      'a rollout that runs',
      (state: QueueState) => ({ ...promoted(state), rollout: rollout({ phase: 'Paused' }) }),
      'use abort',
    ],
    [
      'a promotion that still drains',
      (state: QueueState) => ({ ...promoted(state), rollout: rollout({ phase: 'Draining' }) }),
      'is under way (Draining): wait for its end',
    ],
  ])('is refused after %s', async (_, become, why) => {
    const world = await setUp()
    await world.become(become)
    const before = await world.state()
    await expect(undoCommand(undo, fakeIo(), world.session)).rejects.toMatchObject({
      code: 'COMMAND_REFUSED',
      message: expect.stringContaining(why),
    })
    expect(await world.state()).toEqual(before)
  })
})
