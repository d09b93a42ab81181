import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { StartCommand } from '../../src/cli/command.ts'
import { operateCommand } from '../../src/cli/commands/operate.ts'
import { startCommand } from '../../src/cli/commands/start.ts'
import type { CommandKind } from '../../src/core/rollout/queue-state.ts'
import { eventually } from '../support/eventually.ts'
import { useTeardown } from '../support/teardown.ts'
import { fakeIo } from './fake-io.ts'
import type { FakeIo } from './fake-io.ts'
import { createWorld, queue } from './world.ts'
import type { World } from './world.ts'

const quick = 'strategy: blueGreen\npromotion: { workers: 1, duration: 0s }\n'
const long = 'steps: [{ weight: 5%, duration: 1h }]\nprogressDeadline: 1d\n'
const place = { store: undefined, namespace: undefined }
const waiting = { watch: false, timeoutMs: undefined, exitOnPause: false }

describe('start', () => {
  const teardown = useTeardown()

  async function setUp(policy = quick, terminal = false) {
    const world = teardown.add(await createWorld(), (opened) => opened.stop())
    const cwd = teardown.add(await mkdtemp(join(tmpdir(), 'start-')), (folder) => rm(folder, { recursive: true }))
    await writeFile(join(cwd, 'p.yaml'), policy)
    return { world, io: fakeIo({ cwd, terminal }) }
  }

  function start(world: World, io: FakeIo, some: Partial<StartCommand> = {}) {
    const command = {
      kind: 'start',
      queues: [queue],
      version: 'v2',
      policy: 'p.yaml',
      force: false,
      json: false,
      ...waiting,
      place,
    } as const
    return startCommand({ ...command, ...some }, io, world.session)
  }

  function operate({ session }: World, wish: CommandKind) {
    const command = { kind: 'operate', wish, full: false, reason: 'a test', queue, json: false, place } as const
    return operateCommand(command, fakeIo(), session)
  }

  it('pins the policy, opens a rollout and says its id', async () => {
    const { world, io } = await setUp()
    expect(await start(world, io)).toBe(0)
    const { rollout: begun } = await world.state()
    expect(begun).toMatchObject({ phase: 'Initialized', canary: 'v2', stable: 'v1' })
    expect(io.stdout()).toContain(`rollout ${begun?.id} of queue orders has begun`)
    expect(await world.records.readPolicy(begun?.policyDigest ?? '')).toMatchObject({
      strategy: 'blueGreen',
      steps: [],
    })
  })

  it('warns of what the policy cannot do, and begins', async () => {
    const { world, io } = await setUp(`${long}analysis: { metrics: [{ name: latency }] }\n`)
    expect(await start(world, io)).toBe(0)
    expect(io.stderr()).toMatch(/^warning: analysis\.metrics: nothing compares the failures of the two versions: .+\n$/)
  })

  it('prints one document with --json', async () => {
    const { world, io } = await setUp()
    await start(world, io, { json: true })
    expect(io.documents()).toEqual([
      expect.objectContaining({ phase: 'Initialized', rollout: (await world.state()).rollout?.id }),
    ])
  })

  it.each([
    [
      'an unknown queue',
      quick,
      { queues: ['bills'] },
      'NOT_FOUND',
      /no worker has registered for queue "bills" in namespace "default"/,
    ],
    ['the version in charge', quick, { version: 'v1' }, 'COMMAND_REFUSED', /v1 is in charge already/],
    ['a wrong file', 'steps: [{ weight: 101% }]\nnope: 1\n', {}, 'POLICY_INVALID', /weight.*\n.*nope|nope.*\n.*weight/],
    ['no file', quick, { policy: 'gone.yaml' }, 'POLICY_INVALID', /gone\.yaml/],
    [
      'what is not built',
      'strategy: rolling\nwebhooks: [{ name: a, type: event, url: "https://x/" }]\n',
      {},
      'POLICY_UNSUPPORTED',
      /rolling.*\n.*webhooks/,
    ],
  ] as const)('refuses %s and writes nothing', async (...[, policy, some, code, message]) => {
    const { world, io } = await setUp(policy)
    const before = await world.state()
    await expect(start(world, io, some)).rejects.toMatchObject({ code, message: expect.stringMatching(message) })
    expect(await world.state()).toEqual(before)
    expect(io.stdout()).toBe('')
  })

  it('needs --force for a version that was rolled back', async () => {
    const { world, io } = await setUp()
    await world.become((state) => ({ ...state, tombstones: { v2: { reason: 'rolledBack', at: 'then' } } }))
    await expect(start(world, io)).rejects.toMatchObject({ code: 'COMMAND_REFUSED' })
    expect(await start(world, io, { force: true })).toBe(0)
    expect((await world.state()).tombstones).toEqual({})
  })

  it('refuses in a freeze and says until when; --force starts one that no freeze holds', async () => {
    const { world, io } = await setUp(`${quick}freeze: [{ reason: audit }]\n`)
    await expect(start(world, io)).rejects.toMatchObject({
      code: 'COMMAND_REFUSED',
      message:
        'queue orders: a freeze without an end in sight (audit) holds: nothing starts before; use start --force for what cannot wait',
    })
    expect(await start(world, io, { force: true })).toBe(0)
    expect((await world.state()).rollout?.ignoresFreeze).toBe(true)
  })

  it('goes on where others write at the same time, and begins once', async () => {
    const { world, io } = await setUp()
    world.coordinate(['v1'])
    expect(await start(world, io)).toBe(0)
    await expect(start(world, io)).rejects.toMatchObject({
      code: 'COMMAND_REFUSED',
      message: expect.stringContaining('under way'),
    })
  })

  it('--watch follows a promotion to its end: exit 0', async () => {
    const { world, io } = await setUp()
    world.coordinate(['v1', 'v2'])
    expect(await start(world, io, { watch: true })).toBe(0)
    expect(io.stdout()).toMatch(/Initialized[^]*Succeeded {2}v1 -> v2/)
    expect(await world.state()).toMatchObject({ stable: 'v2', previous: 'v1' })
  })

  it('--watch --json prints nothing but documents, the last one terminal', async () => {
    const { world, io } = await setUp()
    world.coordinate(['v1', 'v2'])
    expect(await start(world, io, { watch: true, json: true })).toBe(0)
    expect(io.documents().at(-1)).toMatchObject({ phase: 'Succeeded', current: 'v2' })
  })

  it('--watch follows a rollback to its end: exit 3', async () => {
    const { world, io } = await setUp(long)
    world.coordinate(['v1', 'v2'])
    const ended = start(world, io, { watch: true })
    await eventually(async () => (await world.state()).rollout?.phase === 'Progressing', { what: 'the first step' })
    expect(await operate(world, 'abort')).toBe(0)
    expect(await ended).toBe(3)
    expect(io.stdout()).toContain('aborted by an operator: a test')
  })

  it('--exit-on-pause ends at a hold: exit 4', async () => {
    const { world, io } = await setUp(long)
    world.coordinate(['v1', 'v2'])
    const ended = start(world, io, { watch: true, exitOnPause: true })
    await eventually(async () => (await world.state()).rollout?.phase === 'Progressing', { what: 'the first step' })
    await operate(world, 'pause')
    expect(await ended).toBe(4)
  })

  it('--timeout ends the waiting, not the rollout', async () => {
    const { world, io } = await setUp(long)
    await expect(start(world, io, { watch: true, timeoutMs: 100 })).rejects.toMatchObject({
      code: 'TIMED_OUT',
      message: expect.stringContaining('goes on after 100ms of waiting'),
    })
    expect((await world.state()).rollout?.phase).toBe('Initialized')
  })

  it('leaves a summary of the job however the watching ends', async () => {
    const { world, io } = await setUp(long)
    const summary = join(io.cwd, 'summary.md')
    const env = { GITHUB_STEP_SUMMARY: summary }
    await expect(start(world, { ...io, env }, { watch: true, timeoutMs: 100 })).rejects.toThrow('goes on')
    expect(await readFile(summary, 'utf8')).toMatch(/^### orders: Initialized\n/)
  })

  it('Ctrl-C ends the watching, not the rollout', async () => {
    const { world, io } = await setUp(long, true)
    const ended = start(world, io, { watch: true })
    await eventually(() => io.stdout().includes('Initialized'), { what: 'the live view' })
    io.interrupt()
    expect(await ended).toBe(130)
    const { rollout } = await world.state()
    expect(rollout?.phase).toBe('Initialized')
    expect(io.stderr()).toContain(`stopped watching; rollout ${rollout?.id} goes on`)
    expect(io.stdout().endsWith('\u001b[?25h')).toBe(true)
  })

  it('says so when another rollout has taken the place of the one that is watched', async () => {
    const { world, io } = await setUp(long)
    const ended = start(world, io, { watch: true })
    await eventually(async () => (await world.state()).rollout !== undefined, { what: 'the rollout' })
    await world.become((state) => ({ ...state, rollout: state.rollout && { ...state.rollout, id: 'another' } }))
    expect(await ended).toBe(1)
    expect(io.stderr()).toContain('rollout another has taken its place')
  })
})
