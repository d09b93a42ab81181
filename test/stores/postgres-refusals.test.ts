import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { postgresStore } from '../../adapters/stores/postgres/index.ts'
import { definition } from '../../adapters/stores/postgres/schema.ts'
import type { Store } from '../../src/contracts/store.ts'
import { eventually } from '../support/eventually.ts'
import { increment } from '../support/increment.ts'
import { startPgbouncer } from '../support/pgbouncer.ts'
import { sql, startPostgres } from '../support/postgres-server.ts'
import { allRefused, refusals } from '../support/store-refusals.ts'
import { atPort } from '../support/store-server.ts'
import type { StoreServer } from '../support/store-server.ts'
import { useTeardown } from '../support/teardown.ts'
import { testCertificate } from '../support/test-certificate.ts'
import { greetAsPostgres, tlsFront } from '../support/tls-front.ts'

let server: StoreServer
beforeAll(async () => void (server = await startPostgres()))
afterAll(() => server?.stop())

const teardown = useTeardown()
const admin = (text: string) => sql(server.url, text)

interface Login {
  readonly user?: string
  readonly password?: string
  readonly database?: string
  readonly options?: string
}

const waiting = `wait_event_type = 'Lock'`
const locking = `wait_event = 'PgSleep'`

async function backends(condition: string): Promise<number> {
  const [found] = await admin(`select count(*) as count from pg_stat_activity where ${condition}`)
  return Number(found?.['count'])
}

/** The server's address for a client that comes so. */
async function urlBy(way: 'as it is' | 'over TLS' | 'through a transaction pooler'): Promise<string> {
  if (way === 'as it is') return server.url
  if (way === 'through a transaction pooler')
    return teardown.add(await startPgbouncer(server.url), (pooler) => pooler.stop()).url
  const front = await tlsFront(Number(new URL(server.url).port), greetAsPostgres)
  return `${atPort(server.url, teardown.add(front, (opened) => opened.close()).port)}?sslmode=require`
}

function open({ user, password = 'hunter2', database, options = '' }: Login = {}): Store {
  const url = new URL(server.url)
  if (user !== undefined) Object.assign(url, { username: user, password })
  if (database !== undefined) url.pathname = database
  return teardown.add(postgresStore({ url: `${url.href}${options}`, deadlineMs: 5_000 }), (store) => store.close())
}

/** A user with rights on the table alone, which somebody else has made. */
async function createApp(): Promise<void> {
  await admin(`create role app login password 'hunter2'`)
  await admin(definition('queue_canary'))
  await admin('grant select, insert, update, delete on queue_canary to app')
}

afterEach(async () => {
  await admin('drop table if exists queue_canary')
  const [known] = await admin(`select 1 from pg_roles where rolname = 'app'`)
  if (known !== undefined) await admin('drop owned by app; drop role app')
})

describe('a server that must not be used', () => {
  it('one where user, password or database are wrong', async () => {
    expect(await refusals(open({ user: 'nobody' }))).toEqual(allRefused(/refuses user, password .*\(28\w{3}\)/))
    expect(await refusals(open({ database: 'none' }))).toEqual(allRefused(/has no such database.*\(3D000\)/))
  })

  it('one without TLS, where TLS is wanted', async () => {
    expect(await refusals(open({ options: '?sslmode=verify-full' }))).toEqual(allRefused(/offers no TLS/))
  })

  it('one whose certificate proves nothing', async () => {
    const target = Number(new URL(server.url).port)
    const { port } = teardown.add(await tlsFront(target, greetAsPostgres), (front) => front.close())
    const through = (host: string, options: string) => {
      const url = `${atPort(server.url, port).replace('127.0.0.1', host)}?${options}`
      return teardown.add(postgresStore({ url, deadlineMs: 5_000 }), (store) => store.close())
    }
    const folder = teardown.add(mkdtempSync(join(tmpdir(), 'queue-canary-')), (path) =>
      rmSync(path, { recursive: true }),
    )
    const authority = `sslrootcert=${join(folder, 'ca.pem')}`
    writeFileSync(join(folder, 'ca.pem'), testCertificate)
    await expect(through('localhost', 'sslmode=verify-full').get('k')).rejects.toThrow(/self-signed certificate/)
    await expect(through('127.0.0.1', `sslmode=verify-full&${authority}`).get('k')).rejects.toThrow(/does not match/)
    expect(await through('localhost', `sslmode=verify-full&${authority}`).get('k')).toBeUndefined()
    expect(await through('127.0.0.1', `sslmode=verify-ca&${authority}`).get('k')).toBeUndefined()
    expect(await through('127.0.0.1', 'sslmode=require').get('k')).toBeUndefined()
  })

  it('one that takes no writes', async () => {
    await createApp()
    const revision = await open().put('k', 'one', undefined)
    await admin('alter role app set default_transaction_read_only = on')
    const store = open({ user: 'app' })
    await expect(store.put('k', 'two', revision)).rejects.toMatchObject({
      code: 'STORE_REFUSED',
      message: expect.stringMatching(/takes no writes.*primary \(25006\)/),
    })
    expect(await store.get('k')).toEqual({ value: 'one', revision })
    await admin('alter role app reset all')
    await eventually(async () => (await store.put('k', 'two', revision)) !== undefined, {
      what: 'a session that writes',
    })
  })

  it('one without the right to make the table, and with the table made by somebody else', async () => {
    await admin(`create role app login password 'hunter2'`)
    await admin('revoke create on schema public from public')
    expect(await refusals(open({ user: 'app' }))).toEqual(allRefused(/denies a right: .*\(42501\)/))
    await admin(definition('queue_canary'))
    expect(await refusals(open({ user: 'app' }))).toEqual(allRefused(/denies a right: .*\(42501\)/))
    await admin('grant select, insert, update, delete on queue_canary to app')
    const store = open({ user: 'app' })
    const revision = await store.put('k', 'one', undefined)
    expect(await store.list('')).toEqual([{ key: 'k', value: 'one', revision }])
    expect(await store.diagnose?.()).toEqual([
      { level: 'ok', subject: 'store', found: expect.stringMatching(/^PostgreSQL \d/) },
    ])
    await store.delete('k')
  })

  it.each([
    [
      'of a newer release',
      `comment on table queue_canary is 'queue-canary store, schema 99'`,
      /newer release \(schema 99/,
    ],
    ['of something else', 'comment on table queue_canary is null', /table of something else/],
    ['of another form', 'alter table queue_canary rename column key to name', /another form.*\(42703\)/],
  ])('a table %s', async (_, change, pattern) => {
    await admin(definition('queue_canary'))
    await admin(change)
    expect(await refusals(open())).toEqual(allRefused(pattern))
  })

  it('a schema that does not exist', async () => {
    expect(await refusals(open({ options: '?table=nowhere.documents' }))).toEqual(
      allRefused(/no such schema.*\(3F000\)/),
    )
  })
})

describe('a server with trouble that passes', () => {
  it('too many connections: unreachable, and it works when there is room', async () => {
    await createApp()
    await admin('alter role app connection limit 1')
    const [first, second] = [open({ user: 'app' }), open({ user: 'app' })]
    await first.get('k')
    await expect(second.get('k')).rejects.toMatchObject({
      code: 'STORE_UNREACHABLE',
      message: expect.stringContaining('53300'),
    })
    await first.close()
    await eventually(() => second.get('k'), { what: 'room for a connection' })
    await second.close()
  })

  it('a backend that is terminated: the next call has another one', async () => {
    const store = open()
    const revision = await store.put('k', 'one', undefined)
    await admin(`select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'queue-canary'`)
    await eventually(() => store.put('k', 'two', revision), { what: 'another connection' })
    expect((await store.get('k'))?.value).toBe('two')
  })

  it.each([
    ['as it is', 100],
    ['over TLS', 100],
    ['through a transaction pooler', 2],
  ] as const)(
    'documents that somebody has locked, %s: %i calls end at their deadline, and leave nothing in the server that waits',
    async (way, count) => {
      await open().put('k', 'one', undefined)
      const url = await urlBy(way)
      const store = teardown.add(postgresStore({ url, deadlineMs: 400 }), (opened) => opened.close())
      await store.get('k')
      const locked = admin('begin; lock table queue_canary; select pg_sleep(60); commit').catch(() => undefined)
      await eventually(async () => expect(await backends(locking)).toBe(1), { what: 'the lock' })
      // together: the server has the others already when it gives up the first one
      const calls = Promise.allSettled(Array.from({ length: count }, () => store.put('k', 'late', 'no revision')))
      await eventually(async () => expect(await backends(waiting)).toBe(1), { what: 'the call to wait' })
      const unreachable = { status: 'rejected', reason: expect.objectContaining({ code: 'STORE_UNREACHABLE' }) }
      expect(await calls).toEqual(Array(count).fill(unreachable))
      await eventually(async () => expect(await backends(waiting)).toBe(0), { what: 'no waiting' })
      expect(await backends(locking)).toBe(1)
      await admin(`select pg_terminate_backend(pid) from pg_stat_activity where ${locking}`)
      await locked
      await eventually(async () => expect((await store.get('k'))?.value).toBe('one'), { what: 'the store again' })
    },
  )

  it.each(['repeatable read', 'serializable'])(
    'many that write at the same moment, where %s is the default',
    async (level) => {
      await createApp()
      await admin(`alter role app set default_transaction_isolation = '${level}'`)
      const stores = Array.from({ length: 4 }, () => open({ user: 'app' }))
      await Promise.all(stores.map((store) => increment(store, 'counter', 50)))
      expect((await stores[0]?.get('counter'))?.value).toBe('200')
      for (let round = 0; round < 20; round++) {
        const created = await Promise.all(stores.map((store) => store.put(`k${round}`, 'one', undefined)))
        expect(created.filter(Boolean).length).toBe(1)
        await Promise.all(stores.map((store) => store.delete(`k${round}`)))
      }
    },
  )

  it('many that make the table at the same moment', async () => {
    const stores = Array.from({ length: 12 }, () => open())
    const created = await Promise.all(stores.map((store, index) => store.put(`k${index}`, 'one', undefined)))
    expect(created.every((revision) => revision !== undefined)).toBe(true)
    expect((await stores[0]?.list('k'))?.length).toBe(12)
  })
})
