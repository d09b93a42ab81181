import { getCACertificates, setDefaultCACertificates } from 'node:tls'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { redisStore } from '../../adapters/stores/redis/index.ts'
import { createComposition } from '../../src/cli/compose.ts'
import { examine } from '../../src/cli/examine.ts'
import type { Store } from '../../src/contracts/store.ts'
import { systemClock } from '../../src/worker/system-clock.ts'
import { fakeIo } from '../cli/fake-io.ts'
import { eventually } from '../support/eventually.ts'
import { redisCommand, startRedis, startRedisNode } from '../support/redis-server.ts'
import { allRefused, refusals } from '../support/store-refusals.ts'
import type { StoreServer } from '../support/store-server.ts'
import { useTeardown } from '../support/teardown.ts'
import { testCertificate } from '../support/test-certificate.ts'
import { tlsFront } from '../support/tls-front.ts'

let server: StoreServer
beforeAll(async () => void (server = await startRedis()))
afterAll(() => server?.stop())

const teardown = useTeardown()
const command = (...args: readonly string[]) => redisCommand(server.url, args)

function open(login = '', options = '?prefix=refusals'): Store {
  const url = `${server.url.replace('://', `://${login}`)}${options}`
  return teardown.add(redisStore({ url, deadlineMs: 5_000 }), (store) => store.close())
}

describe('a server that must not be used', () => {
  const settings: [string, string][] = [
    ['maxmemory', '0'],
    ['maxmemory-policy', 'noeviction'],
    ['min-replicas-to-write', '0'],
  ]
  afterEach(async () => {
    await command('REPLICAOF', 'NO', 'ONE')
    for (const setting of settings) await command('CONFIG', 'SET', ...setting)
    await command('ACL', 'DELUSER', 'app')
    await command('FLUSHALL')
  })

  it.each(['allkeys-lru', 'allkeys-random'])('one that evicts (%s)', async (policy) => {
    await command('CONFIG', 'SET', 'maxmemory', '100mb')
    await command('CONFIG', 'SET', 'maxmemory-policy', policy)
    expect(await refusals(open())).toEqual(
      allRefused(new RegExp(`maxmemory-policy ${policy}\\): set it to noeviction`)),
    )
    await command('CONFIG', 'SET', 'maxmemory-policy', 'noeviction')
    expect(await open().get('k')).toBeUndefined()
  })

  it('one that would evict, but has no limit, never does', async () => {
    await command('CONFIG', 'SET', 'maxmemory-policy', 'allkeys-lru')
    expect(await open().get('k')).toBeUndefined()
  })

  it('a replica, from which nothing is read; where the primary becomes one, a failover is waited for', async () => {
    const store = open()
    const revision = await store.put('k', 'one', undefined)
    await command('REPLICAOF', '127.0.0.1', '1')
    expect(await refusals(open())).toEqual(allRefused(/read-only replica: use the address of the primary/))
    const waiting = await refusals(store)
    expect(waiting.every((text) => /^STORE_UNREACHABLE .* read-only replica/.test(text))).toBe(true)
    await command('REPLICAOF', 'NO', 'ONE')
    await eventually(() => store.put('k', 'two', revision), { what: 'the primary' })
    expect((await store.get('k'))?.value).toBe('two')
  })

  it.each(['noeviction', 'volatile-lru'])(
    'one that is full (%s): reading and removing go on, writing is refused',
    async (policy) => {
      await command('CONFIG', 'SET', 'maxmemory', '100mb')
      await command('CONFIG', 'SET', 'maxmemory-policy', policy)
      const store = open()
      const revision = await store.put('k', 'one', undefined)
      await command('CONFIG', 'SET', 'maxmemory', '1')
      await expect(store.put('k', 'two', revision)).rejects.toMatchObject({
        code: 'STORE_REFUSED',
        message: expect.stringContaining('is full (maxmemory)'),
      })
      expect(await store.get('k')).toEqual({ value: 'one', revision })
      await store.delete('k')
      expect(await store.list('')).toEqual([])
    },
  )

  it.each([
    ['app:hunter2@', '~*', /refuses user and password \(WRONGPASS\)/],
    ['app:right@', '~other:*', /denies a right: .* \(NOPERM\)/],
    ['app:right@', '~*', /denies a right: .* \(NOPERM\)/],
  ])('rights: %s %s', async (login, keys, pattern) => {
    await command('ACL', 'SETUSER', 'app', 'on', '>right', keys, '+info', '+evalsha', '+eval')
    expect(await refusals(open(login))).toEqual(allRefused(pattern))
  })

  it('no rights beyond those that the README names are needed', async () => {
    await command('ACL', 'SETUSER', 'app', 'on', '>r@ght', '~{refusals}:*', ...rights)
    const store = open('app:r%40ght@')
    const revision = await store.put('k', 'one', undefined)
    expect(await store.list('')).toEqual([{ key: 'k', value: 'one', revision }])
    expect(await store.diagnose?.()).toMatchObject([
      { level: 'ok', found: expect.stringMatching(/^(Redis|Valkey) \d/) },
    ])
    await store.delete('k')
  })

  it('a password is wanted and none is given', async () => {
    await command('CONFIG', 'SET', 'requirepass', 'hunter2')
    try {
      expect(await refusals(open())).toEqual(allRefused(/wants a user and a password \(NOAUTH\)/))
    } finally {
      await redisCommand(server.url.replace('://', '://:hunter2@'), ['CONFIG', 'SET', 'requirepass', ''])
    }
  })

  it('keys of something else under our names', async () => {
    await command('SET', '{refusals}:documents', 'mine')
    expect(await refusals(open())).toEqual(allRefused(/keys of something else under our names.*\(WRONGTYPE\)/))
  })

  it('a database that it does not have', async () => {
    expect(await refusals(open('', '/99'))).toEqual(allRefused(/no such database/))
  })

  it('one that waits for replicas is unreachable, and left: the address may lead to another primary by now', async () => {
    const store = open()
    await store.get('k')
    await command('CONFIG', 'SET', 'min-replicas-to-write', '1')
    const connections = async () => /total_connections_received:(\d+)/.exec(String(await command('INFO', 'stats')))?.[1]
    const before = Number(await connections())
    for (let call = 0; call < 2; call++)
      await expect(store.put('k', 'one', undefined)).rejects.toMatchObject({ code: 'STORE_UNREACHABLE' })
    // one of them is the question itself
    expect(Number(await connections())).toBe(before + 2)
  })
})

const rights = ['+evalsha', '+eval', '+hget', '+hset', '+hdel', '+hmget', '+zadd', '+zrem', '+zrange', '+info']

describe('doctor', () => {
  it('says which server it is, and warns of one that keeps no log of its writes', async () => {
    const io = fakeIo({ env: { QUEUE_CANARY_STORE: server.url } })
    const place = { store: undefined, namespace: undefined }
    const found = async () =>
      (await examine(io, place, createComposition(systemClock()))).filter(({ subject }) => subject === 'store')
    const readable = { level: 'ok', found: 'redis, readable and writable' }
    const named = { level: 'ok', found: expect.stringMatching(/^(?:Redis|Valkey) \d+\.\d+\.\d+, 0 replicas$/) }
    expect(await found()).toMatchObject([readable, named])
    await command('CONFIG', 'SET', 'appendonly', 'no')
    try {
      expect(await found()).toMatchObject([readable, named, { level: 'warning', mend: 'set appendonly yes' }])
    } finally {
      await command('CONFIG', 'SET', 'appendonly', 'yes')
    }
  })
})

describe('a server that forgets its scripts', () => {
  it('gets them anew', async () => {
    const store = open()
    const revision = await store.put('k', 'one', undefined)
    await command('SCRIPT', 'FLUSH')
    expect(await store.put('k', 'two', revision)).toEqual(expect.any(String))
    await command('SCRIPT', 'FLUSH')
    expect((await store.list('')).map(({ value }) => value)).toEqual(['two'])
    await store.delete('k')
  })
})

describe('a cluster', () => {
  it('the node that has the keys is found', async () => {
    const [first, second] = await cluster()
    const store = openAt(first.url)
    await eventually(() => store.put('k', 'one', undefined), { what: 'the cluster to be up', deadlineMs: 30_000 })
    expect(await redisCommand(second.url, ['EXISTS', documents])).toBe(1)
    expect(await openAt(second.url).get('k')).toEqual(await store.get('k'))
  })

  it('a replica of it leads to the primary, and so does the primary that has become one', async () => {
    const [first, primary] = await cluster()
    const replica = await node()
    await meet(replica, primary)
    const store = openAt(primary.url)
    await eventually(() => store.put('k', 'one', undefined), { what: 'the cluster to be up', deadlineMs: 30_000 })
    const replicate = async () => redisCommand(replica.url, ['CLUSTER', 'REPLICATE', await idOf(primary)])
    await eventually(replicate, { what: 'the nodes to know each other' })
    const isSynchronous = async () =>
      expect(await redisCommand(replica.url, ['INFO', 'replication'])).toContain('master_link_status:up')
    await eventually(isSynchronous, { what: 'the replica' })
    expect((await openAt(replica.url).get('k'))?.value).toBe('one')
    await eventually(() => redisCommand(replica.url, ['CLUSTER', 'FAILOVER', 'FORCE']), { what: 'the failover' })
    const isReplica = async () =>
      expect(await redisCommand(primary.url, ['INFO', 'replication'])).toContain('role:slave')
    await eventually(isReplica, { what: 'the primary to step down', deadlineMs: 30_000 })
    await eventually(async () => expect((await store.get('k'))?.value).toBe('one'), { what: 'the store' })
    expect((await openAt(primary.url).get('k'))?.value).toBe('one')
    expect((await openAt(first.url).get('k'))?.value).toBe('one')
  })

  it('keys that are on their way to another node are waited for', async () => {
    const [to, from] = await cluster()
    const store = openAt(from.url)
    await eventually(() => store.put('k', 'one', undefined), { what: 'the cluster to be up', deadlineMs: 30_000 })
    const slot = String(await redisCommand(from.url, ['CLUSTER', 'KEYSLOT', documents]))
    await setSlot(from, slot, 'MIGRATING', await idOf(to))
    await setSlot(to, slot, 'IMPORTING', await idOf(from))
    for (const [key, reply] of [
      [documents, 'TRYAGAIN'],
      ['{queue-canary}:keys', 'ASK'],
    ] as const) {
      await redisCommand(from.url, ['MIGRATE', '127.0.0.1', new URL(to.url).port, key, '0', '5000'])
      await expect(store.get('k')).rejects.toMatchObject({
        code: 'STORE_UNREACHABLE',
        message: expect.stringContaining(`is moving keys; try again (${reply})`),
      })
    }
    for (const each of [to, from]) await setSlot(each, slot, 'NODE', await idOf(to))
    await eventually(async () => expect((await store.get('k'))?.value).toBe('one'), { what: 'the keys' })
  })
})

const documents = '{queue-canary}:documents'

/** Two nodes, of which the second has all slots. */
async function cluster() {
  const [first, second] = await Promise.all([node(), node()])
  await meet(first, second)
  await redisCommand(second.url, ['CLUSTER', 'ADDSLOTSRANGE', '0', '16383'])
  return [first, second] as const
}

function openAt(url: string): Store {
  return teardown.add(redisStore({ url, deadlineMs: 5_000 }), (store) => store.close())
}

async function meet(one: { readonly url: string }, other: Awaited<ReturnType<typeof node>>): Promise<void> {
  await redisCommand(one.url, ['CLUSTER', 'MEET', '127.0.0.1', new URL(other.url).port, `${other.bus}`])
}

async function idOf({ url }: StoreServer): Promise<string> {
  return String(await redisCommand(url, ['CLUSTER', 'MYID']))
}

async function setSlot({ url }: StoreServer, slot: string, state: string, id: string): Promise<void> {
  const set = () => redisCommand(url, ['CLUSTER', 'SETSLOT', slot, state, id])
  await eventually(set, { what: 'the nodes to know each other' })
}

async function node() {
  return teardown.add(await startRedisNode(), (opened) => opened.stop())
}

describe('TLS', () => {
  it('checks who the server is', async () => {
    const { port } = teardown.add(await tlsFront(Number(new URL(server.url).port)), (front) => front.close())
    const openTls = (host: string) =>
      teardown.add(redisStore({ url: `rediss://${host}:${port}?prefix=refusals` }), (store) => store.close())
    await expect(openTls('localhost').get('k')).rejects.toThrow(/is not reachable: self-signed certificate/)
    const before = getCACertificates('default')
    setDefaultCACertificates([...before, testCertificate])
    teardown.add(before, setDefaultCACertificates)
    expect(await openTls('localhost').get('k')).toBeUndefined()
    await expect(openTls('127.0.0.1').get('k')).rejects.toThrow(/is not reachable: Hostname\/IP does not match/)
  })
})
