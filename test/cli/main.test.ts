import { existsSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { sqliteStore } from '../../adapters/stores/sqlite/index.ts'
import { main } from '../../src/cli/main.ts'
import { reportError } from '../../src/cli/report-error.ts'
import { createQueueState } from '../../src/core/rollout/queue-state.ts'
import { errorCodes, QueueCanaryError } from '../../src/errors.ts'
import { createQueueRecords } from '../../src/records/queue-records.ts'
import { eventually, settles } from '../support/eventually.ts'
import { useTeardown } from '../support/teardown.ts'
import { fakeIo } from './fake-io.ts'

describe('the command line', () => {
  const teardown = useTeardown()

  async function storeWith(...queues: readonly string[]) {
    const folder = teardown.add(await mkdtemp(join(tmpdir(), 'main-')), (path) => rm(path, { recursive: true }))
    const path = join(folder, 'state.db')
    const store = sqliteStore({ path })
    for (const queue of queues) {
      await createQueueRecords(store, { namespace: 'default', queue }).writeState(
        createQueueState('g1', 'v1'),
        undefined,
      )
    }
    await store.close()
    return `sqlite:${path}`
  }

  it('prints help and version on stdout', async () => {
    const [help, version] = [fakeIo(), fakeIo()]
    expect(await main(['--help'], help)).toBe(0)
    expect(await main(['--version'], version)).toBe(0)
    expect(help.stdout()).toContain('queue-canary start --queue Q')
    expect(version.stdout()).toMatch(/^\d+\.\d+\.\d+/)
    expect(help.stderr() + version.stderr()).toBe('')
  })

  it.each([[[]], [['deploy']], [['start', '--quue', 'q']], [['status', '--json', 'x']], [['policy', 'nope']]])(
    'refuses %j with exit 2',
    async (argv) => {
      const io = fakeIo()
      expect(await main(argv, io)).toBe(2)
      expect(io.stderr()).not.toBe('')
    },
  )

  it('shows the help of the command that was misused, the mistake last', async () => {
    const io = fakeIo()
    await main(['start', '--quue', 'q'], io)
    expect(io.stderr()).toMatch(
      /^queue-canary start --queue Q [^]*error: Unknown option '--quue'[^]*\[USAGE\]\nwhat to do: /,
    )
    expect(io.stdout()).toBe('')
  })

  it('answers scripts with a document, also when it refuses', async () => {
    const io = fakeIo({ env: { QUEUE_CANARY_STORE: await storeWith('bills') } })
    expect(await main(['status', '--queue', 'orders', '--json'], io)).toBe(2)
    expect(io.documents()).toEqual([{ error: { code: 'NOT_FOUND', message: expect.stringContaining('"orders"') } }])
  })

  it('does not make the store that it looks for', async () => {
    const path = (await storeWith('orders')).slice('sqlite:'.length)
    const io = fakeIo({ env: { QUEUE_CANARY_STORE: `sqlite:${path}.typo` } })
    expect(await main(['status'], io)).toBe(2)
    expect(io.stderr()).toContain('start the workers first')
    expect(existsSync(`${path}.typo`)).toBe(false)
  })

  it('prints one line a queue, or all of one', async () => {
    const env = { QUEUE_CANARY_STORE: await storeWith('orders', 'bills/eu') }
    const [lines, all, document, documents] = [fakeIo({ env }), fakeIo({ env }), fakeIo({ env }), fakeIo({ env })]
    expect(await main(['status'], lines)).toBe(0)
    expect(await main(['status', '--queue', 'orders'], all)).toBe(0)
    expect(await main(['status', '--queue', 'orders', '--json'], document)).toBe(0)
    expect(await main(['status', '--json'], documents)).toBe(0)
    expect(lines.stdout()).toBe(
      'bills/eu  no rollout  v1 in charge, 0 workers\norders  no rollout  v1 in charge, 0 workers\n',
    )
    expect(all.stdout()).toMatch(
      /^orders \(default\) {2}no rollout {2}v1\n[^]* failed {2}timed out {2}[^]*dead-lettered\n/,
    )
    expect(all.stdout()).not.toContain('\u001b')
    expect(document.documents()).toEqual([
      expect.objectContaining({ queue: 'orders', namespace: 'default', phase: null }),
    ])
    expect(documents.documents()).toEqual([
      [expect.objectContaining({ queue: 'bills/eu' }), expect.objectContaining({ queue: 'orders' })],
    ])
  })

  it('shows all other queues beside one that cannot be read, and ends with its exit code', async () => {
    const store = await storeWith('orders', 'bills')
    const opened = sqliteStore({ path: store.slice('sqlite:'.length) })
    const found = await opened.get('default/bills/state')
    await opened.put('default/bills/state', '{"format":2}', found?.revision)
    await opened.close()
    const env = { QUEUE_CANARY_STORE: store }
    const [lines, documents, one] = [fakeIo({ env }), fakeIo({ env }), fakeIo({ env })]
    const [other, watched] = [fakeIo({ env }), fakeIo({ env })]
    expect(await main(['status'], lines)).toBe(1)
    expect(lines.stdout()).toMatch(
      /^bills {2}RECORD_INVALID {2}the record default\/bills\/state cannot be read: [^\n]+\norders {2}no rollout[^\n]+\n$/,
    )
    expect(await main(['status', '--json'], documents)).toBe(1)
    const error = { code: 'RECORD_INVALID', message: expect.stringContaining('cannot be read') }
    expect(documents.documents()).toEqual([
      [{ queue: 'bills', namespace: 'default', error }, expect.objectContaining({ queue: 'orders', phase: null })],
    ])
    expect(await main(['status', '--queue', 'bills', '--json'], one)).toBe(1)
    expect(one.documents()).toEqual([{ error }])
    expect(await main(['status', '--queue', 'orders'], other)).toBe(0)
    const watching = main(['status', '--watch'], watched)
    await eventually(() => watched.stdout().includes('orders'), { what: 'both queues are shown' })
    watched.interrupt()
    expect(await watching).toBe(1)
    expect(watched.stdout()).toMatch(/bills {2}RECORD_INVALID[^]*orders {2}no rollout/)
  })

  it.each([
    ['interrupt', []],
    ['hangUp', []],
    ['hangUp', ['--json']],
  ] as const)('ends status --watch well after %s, with %j', async (end, options) => {
    const io = fakeIo({ env: { QUEUE_CANARY_STORE: await storeWith('orders') } })
    const watching = main(['status', '--watch', ...options], io)
    await eventually(() => io.stdout().includes('orders'), { what: 'the queue is shown' })
    io[end]()
    expect(await settles(watching, { what: 'the end of the watch' })).toBe(0)
  })

  it('says once what is wrong with the store as a whole', async () => {
    const io = fakeIo({ env: { QUEUE_CANARY_STORE: 'redis://127.0.0.1:1' } })
    expect(await main(['status', '--json'], io)).toBe(6)
    expect(io.documents()).toEqual([{ error: expect.objectContaining({ code: 'STORE_UNREACHABLE' }) }])
  })

  it('lets --store and --namespace win over the environment', async () => {
    const io = fakeIo({ env: { QUEUE_CANARY_STORE: 'nonsense', QUEUE_CANARY_NAMESPACE: 'a b' } })
    const store = await storeWith('orders')
    expect(await main(['status', '--store', store, '--namespace', 'default'], io)).toBe(0)
    expect(io.stdout()).toContain('orders')
  })

  it.each([
    ['mysql://user:hunter2@host', /expected redis\[s\]:\/\/…, nats:\/\/…/],
    ['redis://user:hunter2@host/queue', /URL of the store: expected redis\[s\]:\/\/user:password@host/],
    ['memory:', /cannot be reached from another/],
  ])('refuses the store %s, and shows no secret', async (store, why) => {
    const io = fakeIo({ env: { QUEUE_CANARY_STORE: store } })
    expect(await main(['status'], io)).toBe(2)
    expect(io.stderr()).toMatch(why)
    expect(io.stderr()).not.toContain('hunter2')
  })

  it('has advice for every code, and none for what it does not know but where to look', () => {
    for (const code of errorCodes) {
      const io = fakeIo()
      reportError(new QueueCanaryError(code, 'what happened'), io, false)
      expect(io.stderr()).toMatch(new RegExp(`^error: what happened \\[${code}\\]\\nwhat to do: \\S.+\\n$`))
    }
    const [io, debug] = [fakeIo(), fakeIo({ env: { QUEUE_CANARY_LOG_LEVEL: 'debug' } })]
    reportError(new RangeError('odd'), io, true)
    reportError(new RangeError('odd'), debug, false)
    expect(io.stderr()).toMatch(/^error: RangeError: odd \[UNEXPECTED\]\nwhat to do: [^\n]+\n$/)
    expect(io.documents()).toEqual([{ error: { code: 'UNEXPECTED', message: 'RangeError: odd' } }])
    expect(debug.stderr()).toContain('main.test.ts')
  })
})
