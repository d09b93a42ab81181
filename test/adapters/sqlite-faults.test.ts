import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { expect, test } from 'vitest'
import { sqliteStore } from '../../adapters/stores/sqlite/index.ts'
import type { SqliteStoreOptions } from '../../adapters/stores/sqlite/index.ts'
import type { Store } from '../../src/contracts/store.ts'
import { isQueueCanaryError } from '../../src/errors.ts'
import { eventually, remains, settles } from '../support/eventually.ts'
import { createProcesses } from '../support/processes.ts'
import type { Running } from '../support/processes.ts'
import { stormContent } from '../support/storm-content.ts'
import { useTeardown } from '../support/teardown.ts'

const teardown = useTeardown()
const patience = { timeout: 60_000 }

function freshPath(): string {
  return join(
    teardown.add(mkdtempSync(join(tmpdir(), 'queue-canary-')), (path) => rmSync(path, { recursive: true })),
    'store.db',
  )
}

function open(options: SqliteStoreOptions): Store {
  return teardown.add(sqliteStore(options), (store) => store.close())
}

function start(command: string, path: string, number = 0): Running {
  const program = new URL('../support/sqlite-child.ts', import.meta.url).pathname
  const processes = teardown.add(createProcesses(), (all) => all.killAll())
  return processes.launch({ name: command, args: [program, command, path, `${number}`] })
}

test('eight processes count to 1,600 together', patience, async () => {
  const path = freshPath()
  const children = Array.from({ length: 8 }, () => start('increment', path, 200))
  await Promise.all(children.map((child) => child.says(/^200$/m)))
  expect((await open({ path }).get('counter'))?.value).toBe('1600')
})

test(
  'a writer killed in a storm of writes leaves every document whole and every finished write in place',
  patience,
  async () => {
    const path = freshPath()
    for (let round = 0; round < 3; round++) {
      const child = start('storm', path)
      await child.says(new RegExp(`^${100 + round * 37}$`, 'm'))
      child.signal('SIGKILL')
      await child.exited()
      const store = sqliteStore({ path })
      const documents = await store.list('doc/')
      const steps = documents.map(({ value }) => Number.parseInt(value, 10))
      expect(documents.map(({ value }) => value)).toEqual(steps.map(stormContent))
      expect(Math.max(...steps)).toBeGreaterThanOrEqual(Number(child.stdout.split('\n').at(-2)))
      for (const { key } of documents) await store.delete(key)
      await store.close()
      const check = new DatabaseSync(path)
      expect(check.prepare('PRAGMA integrity_check').get()).toEqual({ integrity_check: 'ok' })
      check.close()
    }
  },
)

test.each(['lockWriters', 'lockEverybody'])('a lock of another process only delays (%s)', patience, async (lock) => {
  const path = freshPath()
  const seeding = sqliteStore({ path })
  await seeding.put('seed', 'one', undefined)
  await seeding.close()
  const child = start(lock, path)
  await child.says(/locked/)
  const store = open({ path, deadlineMs: 30_000 })
  let written = false
  const writing = store.put('k', 'one', undefined).finally(() => (written = true))
  let turns = 0
  await remains(() => !written && turns++ >= 0, { what: 'the write waits', forMs: 1_000 })
  expect(turns).toBeGreaterThan(10)
  child.signal('SIGTERM')
  expect(await settles(writing, { what: 'the write after the lock' })).toEqual(expect.any(String))
  expect((await store.get('k'))?.value).toBe('one')
})

test('a lock beyond the deadline is STORE_UNREACHABLE, and the next call may succeed', patience, async () => {
  const path = freshPath()
  const store = open({ path, deadlineMs: 200 })
  await store.put('k', 'one', undefined)
  const child = start('lockWriters', path)
  await child.says(/locked/)
  const failure = await settles(failureOf(store.put('k2', 'two', undefined)), { what: 'an answer' })
  expect(isQueueCanaryError(failure, 'STORE_UNREACHABLE') && failure.retryable && failure.message.includes(path)).toBe(
    true,
  )
  expect((await store.get('k'))?.value).toBe('one')
  child.signal('SIGKILL')
  await child.exited()
  await eventually(() => store.put('k2', 'two', undefined), { what: 'a write after the lock' })
})

async function failureOf(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    () => undefined,
    (error: unknown) => error,
  )
}
