import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { doctorCommand } from '../../src/cli/commands/doctor.ts'
import { createComposition } from '../../src/cli/compose.ts'
import { systemClock } from '../../src/worker/system-clock.ts'
import { createProcesses } from '../support/processes.ts'
import { useTeardown } from '../support/teardown.ts'
import { fakeIo } from './fake-io.ts'

const bin = new URL('../../src/cli/bin.ts', import.meta.url).pathname
const place = { store: undefined, namespace: undefined }

describe('doctor', () => {
  const teardown = useTeardown()

  async function surroundings(handler: string, some: Readonly<Record<string, string>>) {
    const cwd = teardown.add(await mkdtemp(join(tmpdir(), 'doctor-')), (folder) => rm(folder, { recursive: true }))
    await writeFile(join(cwd, 'handler.mjs'), handler)
    await writeFile(join(cwd, 'latency.yaml'), 'analysis: { metrics: [{ name: latency }] }')
    const env = {
      QUEUE_CANARY_VERSION: 'v1',
      QUEUE_CANARY_QUEUES: 'orders',
      QUEUE_CANARY_ORDERS_URL: 'memory:',
      QUEUE_CANARY_ORDERS_HANDLER: './handler.mjs',
      QUEUE_CANARY_STORE: `sqlite:${join(cwd, 'state.db')}`,
      ...some,
    }
    return { env, cwd }
  }

  async function examine(
    some: Readonly<Record<string, string>> = {},
    { json = false, handler = 'export default () => {}' } = {},
  ) {
    const io = fakeIo(await surroundings(handler, some))
    const code = await doctorCommand({ kind: 'doctor', json, place }, io, createComposition(systemClock()))
    return { code, io }
  }

  it('reads the policy of automatic rollouts', async () => {
    const { code, io } = await examine({ QUEUE_CANARY_AUTO: 'on', QUEUE_CANARY_ORDERS_POLICY: 'gone.yaml' })
    expect(code).toBe(2)
    expect(io.stdout()).toMatch(
      /\nerror {4}queue orders, policy gone\.yaml: QUEUE_CANARY_ORDERS_POLICY \(gone\.yaml\): the file/,
    )
  })

  it('warns of what such a policy cannot do', async () => {
    const { code, io } = await examine({ QUEUE_CANARY_ORDERS_POLICY: 'latency.yaml' })
    expect(code).toBe(0)
    expect(io.stdout()).toMatch(
      /\nok {7}queue orders, policy latency\.yaml: can be run\nwarning {2}queue orders, policy latency\.yaml: analysis\.metrics: nothing compares/,
    )
  })

  it('finds nothing to mend, and warns of a queue that forgets', async () => {
    const { code, io } = await examine()
    expect(code).toBe(0)
    expect(io.stdout()).toMatch(/^ok {7}environment: version v1, queues orders\n/)
    expect(io.stdout()).toMatch(/\nok {7}store: sqlite, readable and writable\n/)
    expect(io.stdout()).toMatch(/\nok {7}queue orders, handler \.\/handler\.mjs: loads\n/)
    expect(io.stdout()).toMatch(/\nwarning {2}queue orders: memory: [^\n]+\n {9}mend: /)
    expect(io.stdout()).toMatch(/\n\d+ ok, \d+ warnings, 0 errors\n$/)
  })

  it('prints one document with --json', async () => {
    const { io } = await examine({}, { json: true })
    expect(io.documents()).toEqual([
      { ok: true, findings: expect.arrayContaining([expect.objectContaining({ level: 'ok', subject: 'store' })]) },
    ])
    expect(io.stderr()).toBe('')
  })

  it('keeps stdout for the document, whatever a handler module prints when it is loaded', async () => {
    const processes = teardown.add(createProcesses(), (all) => all.killAll())
    const handler = 'console.log("hello"); process.stdout.write("from afar\\n"); export default () => {}'
    const args = ['--conditions=queue-canary-source', bin, 'doctor', '--json']
    const run = processes.launch({ name: 'doctor', args, ...(await surroundings(handler, {})) })
    await run.exitsWith(0)
    expect(JSON.parse(run.stdout)).toMatchObject({ ok: true })
    expect(run.stderr).toBe('hello\nfrom afar\n')
  })

  it('lists every variable that is wrong, and checks the store all the same: exit 2', async () => {
    const { code, io } = await examine({ QUEUE_CANARY_VERSION: '', QUEUE_CANARY_ORDERS_URL: 'amqp://user:hunter2@:x' })
    expect(code).toBe(2)
    expect(io.stdout()).toMatch(/error {4}environment: QUEUE_CANARY_VERSION: expected/)
    expect(io.stdout()).toMatch(/error {4}environment: QUEUE_CANARY_ORDERS_URL: expected/)
    expect(io.stdout()).toContain('ok       store: sqlite, readable and writable')
    expect(io.stdout()).not.toContain('hunter2')
  })

  it('finds a handler that does not load: exit 2', async () => {
    const { code, io } = await examine({ QUEUE_CANARY_ORDERS_HANDLER: './gone.mjs' })
    expect(code).toBe(2)
    expect(io.stdout()).toMatch(/error {4}queue orders, handler \.\/gone\.mjs: QUEUE_CANARY_ORDERS_HANDLER/)
  })

  it('finds a batch that would wait for as long as its handler may take: exit 2', async () => {
    const { code, io } = await examine(
      { QUEUE_CANARY_ORDERS_HANDLER_TIMEOUT: '5s' },
      { handler: 'export default { batch: { lingerMs: 5_000 }, handleBatch: () => {} }' },
    )
    expect(code).toBe(2)
    expect(io.stdout()).toMatch(/error {4}queue orders, handler \.\/handler\.mjs: batch\.lingerMs: expected less than/)
  })

  it('finds a store that refuses: exit 2', async () => {
    const { code, io } = await examine({ QUEUE_CANARY_STORE: 'sqlite:/nowhere/at/all/state.db' })
    expect(code).toBe(2)
    expect(io.stdout()).toMatch(/error {4}store: /)
  })

  it.each([
    'redis://user:hunter2@127.0.0.1:1',
    'nats://user:hunter2@127.0.0.1:1',
    'postgres://user:hunter2@127.0.0.1:1/db',
  ])('finds a store that does not answer (%s): exit 6, and no secret', async (url) => {
    const { code, io } = await examine({ QUEUE_CANARY_STORE: url })
    expect(code).toBe(6)
    expect(io.stdout()).toMatch(/error {4}store: the store \w+:\/\/127\.0\.0\.1:1(?:\/db)? is not reachable/)
    expect(io.stdout()).not.toContain('hunter2')
  })

  it('finds a URL of a store that cannot be understood: exit 2, and no secret', async () => {
    const { code, io } = await examine({ QUEUE_CANARY_STORE: 'redis://user:hunter2@h/queue' })
    expect(code).toBe(2)
    expect(io.stdout()).toMatch(/error {4}store: URL of the store: expected redis\[s\]:\/\//)
    expect(io.stdout()).not.toContain('hunter2')
  })

  it('finds a broker that does not answer: exit 6, and no secret', { timeout: 40_000 }, async () => {
    const { code, io } = await examine({ QUEUE_CANARY_ORDERS_URL: 'amqp://user:hunter2@127.0.0.1:1' })
    expect(code).toBe(6)
    expect(io.stdout()).toMatch(/error {4}queue orders, /)
    expect(io.stdout()).not.toContain('hunter2')
  })

  it('says which variables to look at when a name is too long for RabbitMQ: exit 2', async () => {
    const name = 'a'.repeat(240)
    const { code, io } = await examine({ QUEUE_CANARY_ORDERS_URL: 'amqp://h', QUEUE_CANARY_ORDERS_NAME: name })
    expect(code).toBe(2)
    expect(io.stdout()).toMatch(/error {4}queue orders: queue "a+": expected a name of 1 to 221 bytes/)
    expect(io.stdout()).toMatch(/mend: check QUEUE_CANARY_ORDERS_URL, QUEUE_CANARY_ORDERS_NAME and [^\n]*_HAND_BACK\n/)
  })

  it('warns of a message that may be held for longer than the broker lets', { timeout: 40_000 }, async () => {
    const { io } = await examine({
      QUEUE_CANARY_ORDERS_URL: 'amqp://127.0.0.1:1',
      QUEUE_CANARY_ORDERS_HANDLER_TIMEOUT: '16m',
    })
    expect(io.stdout()).toMatch(
      /warning {2}queue orders: a message may be held for 32m00s; the broker takes it back at 30m[^\n]+\n {9}mend: lower/,
    )
  })
})
