import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { expect, test } from 'vitest'
import { sqliteStore } from '../../adapters/stores/sqlite/index.ts'
import type { Store } from '../../src/contracts/store.ts'
import { isQueueCanaryError } from '../../src/errors.ts'
import { useTeardown } from '../support/teardown.ts'

const teardown = useTeardown()

function freshPath(name = 'store.db'): string {
  return join(
    teardown.add(mkdtempSync(join(tmpdir(), 'queue-canary-')), (path) => rmSync(path, { recursive: true })),
    name,
  )
}

function open(path: string): Store {
  return teardown.add(sqliteStore({ path, deadlineMs: 1_000 }), (store) => store.close())
}

function writeDatabase(path: string, script: string): void {
  const database = new DatabaseSync(path)
  database.exec(script)
  database.close()
}

/** Each makes a path that no store can be at, and says what the message must name. */
const refusals: Record<string, [make: (path: string) => void, named: RegExp]> = {
  'a text file': [(path) => writeFileSync(path, 'queues: [orders]\n'.repeat(400)), /not a database/],
  'random bytes': [(path) => writeFileSync(path, Buffer.alloc(20_000, 0xa5)), /not a database/],
  'a directory': [(path) => mkdirSync(path), /unable to open database file/],
  'a newer schema': [(path) => writeDatabase(path, 'PRAGMA user_version = 99'), /newer release \(schema 99.*upgrade/],
  'a database of something else': [(path) => writeDatabase(path, 'CREATE TABLE customers (id)'), /something else/],
  'a store with damaged pages': [damaged, /malformed|not a database|corrupt/],
}

function damaged(path: string): void {
  const filling = `WITH RECURSIVE n (i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n WHERE i < 500)
    INSERT INTO documents SELECT 'k' || i, hex(randomblob(500)), i FROM n`
  writeDatabase(
    path,
    `PRAGMA journal_mode = WAL; CREATE TABLE documents (key TEXT PRIMARY KEY NOT NULL, value TEXT NOT NULL, revision TEXT NOT NULL); ${filling}; PRAGMA user_version = 1`,
  )
  const content = readFileSync(path)
  content.fill(0xa5, 4_096)
  writeFileSync(path, content)
}

test.each(Object.entries(refusals))(
  '%s is refused with the path and the cause, and left as it is',
  async (_, [make, named]) => {
    const path = freshPath()
    make(path)
    const before = statSync(path).isDirectory() ? undefined : readFileSync(path)
    const store = open(path)
    for (const call of [
      () => store.get('k1'),
      () => store.put('k1', 'a secret value', undefined),
      () => store.list(''),
    ]) {
      const failure = await call().then(
        () => undefined,
        (error: unknown) => error,
      )
      expect(isQueueCanaryError(failure, 'STORE_REFUSED')).toBe(true)
      expect(String(failure)).toContain(path)
      expect(String(failure)).toMatch(named)
      expect(String(failure)).not.toContain('secret')
    }
    expect(before === undefined || readFileSync(path).equals(before)).toBe(true)
  },
)

test('a missing directory is refused and not made', async () => {
  const path = freshPath('missing/store.db')
  const store = open(path)
  await expect(store.get('k')).rejects.toMatchObject({ code: 'STORE_REFUSED', message: expect.stringContaining(path) })
  expect(existsSync(join(path, '..'))).toBe(false)
})

/** Rights do not bind root: there, what is done is done as nobody. */
async function asOrdinaryUser(directory: string, act: () => Promise<void>): Promise<void> {
  if (process.getuid?.() !== 0) return act()
  chmodSync(directory, 0o755)
  process.seteuid?.(nobody)
  try {
    await act()
  } finally {
    process.seteuid?.(0)
  }
}

const nobody = 65_534

test('a file that may not be written is refused', async () => {
  const path = freshPath()
  await sqliteStore({ path }).put('k', 'one', undefined)
  chmodSync(path, 0o444)
  await asOrdinaryUser(join(path, '..'), async () => {
    await expect(open(path).put('k2', 'two', undefined)).rejects.toMatchObject({ code: 'STORE_REFUSED' })
  })
})

test('what was mended works at the next call', async () => {
  const path = freshPath()
  writeFileSync(path, 'not a database, but long enough to be looked at. '.repeat(100))
  const store = open(path)
  await expect(store.get('k')).rejects.toMatchObject({ code: 'STORE_REFUSED' })
  rmSync(path)
  expect(await store.put('k', 'one', undefined)).toEqual(expect.any(String))
})

test('the files are for their owner only', async () => {
  const path = freshPath()
  await open(path).put('k', 'one', undefined)
  const modes = ['', '-wal', '-shm'].map((suffix) => (statSync(`${path}${suffix}`).mode & 0o777).toString(8))
  expect(modes).toEqual(['600', '600', '600'])
})

test('nothing is opened or made before the first use', async () => {
  const path = freshPath()
  const store = open(path)
  expect(existsSync(path)).toBe(false)
  expect(await store.get('k')).toBeUndefined()
  expect(existsSync(path)).toBe(true)
})

test('a symbolic link leads to a file that is made when it is missing', async () => {
  const [path, target] = [freshPath(), freshPath()]
  symlinkSync(target, path)
  await open(path).put('k', 'one', undefined)
  expect((await open(target).get('k'))?.value).toBe('one')
})

test('a file that was removed or replaced is noticed: all clients go on with the one at the path', async () => {
  const [path, other] = [freshPath(), freshPath()]
  const store = open(path)
  const revision = await store.put('k', 'old', undefined)
  const restored = sqliteStore({ path: other })
  await restored.put('k', 'restored', undefined)
  await restored.close()
  for (const suffix of ['-wal', '-shm']) rmSync(`${path}${suffix}`)
  renameSync(other, path)
  expect(await store.put('k', 'new', revision)).toBeUndefined()
  expect((await store.get('k'))?.value).toBe('restored')
  for (const suffix of ['', '-wal', '-shm']) rmSync(`${path}${suffix}`, { force: true })
  expect(await store.get('k')).toBeUndefined()
  await store.put('k', 'anew', undefined)
  expect((await open(path).get('k'))?.value).toBe('anew')
})
