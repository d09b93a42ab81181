import { randomBytes } from 'node:crypto'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { natsStore } from '../../adapters/stores/nats/index.ts'
import { bucketOf } from '../../adapters/stores/nats/place.ts'
import { sweepMarks } from '../../adapters/stores/nats/sweep-marks.ts'
import type { Store } from '../../src/contracts/store.ts'
import { remains } from '../support/eventually.ts'
import { jetStream, startNats, withNats } from '../support/nats-server.ts'
import type { NatsSetting } from '../support/nats-server.ts'
import { allRefused, refusals } from '../support/store-refusals.ts'
import type { StoreServer } from '../support/store-server.ts'
import { useTeardown } from '../support/teardown.ts'

let server: StoreServer
beforeAll(async () => void (server = await startNats()))
afterAll(() => server?.stop())

const teardown = useTeardown()
const stream = 'KV_queue-canary'
afterEach(() => jetStream(server.url, `STREAM.DELETE.${stream}`))

function open(url = server.url): Store {
  return teardown.add(natsStore({ url, deadlineMs: 5_000 }), (store) => store.close())
}

async function makeBucket(config: Readonly<Record<string, unknown>>): Promise<void> {
  const subjects = ['$KV.queue-canary.>']
  const made = await jetStream(server.url, `STREAM.CREATE.${stream}`, { name: stream, subjects, ...config })
  expect(made['error']).toBeUndefined()
}

describe('a bucket that must not be used', () => {
  it.each([
    ['forgets after a time', { max_age: 60_000_000_000 }, /forgets documents after a time \(max_age\)/],
    ['drops what is old', { max_bytes: 1_000_000, discard: 'old' }, /drops old documents when it is full/],
    ['has other subjects', { subjects: ['orders.>'] }, /stream of something else/],
  ])('one that %s', async (_, config, pattern) => {
    await makeBucket(config)
    expect(await refusals(open())).toEqual(allRefused(pattern))
  })

  it('more replicas than there are servers', async () => {
    expect(await refusals(open(`${server.url}?replicas=3`))).toEqual(allRefused(/fewer servers than \?replicas=/))
  })
})

it('a bucket that somebody else has made works, and doctor warns that it counts from one', async () => {
  await makeBucket({ max_msgs_per_subject: 1, storage: 'memory' })
  const store = open()
  const revision = await store.put('k', 'one', undefined)
  expect(await store.get('k')).toEqual({ value: 'one', revision })
  expect(await store.diagnose?.()).toMatchObject([
    { level: 'ok', found: expect.stringMatching(/^NATS 2\.\d+\.\d+, bucket in memory with 1 replicas$/) },
    { level: 'warning', found: expect.stringContaining('in memory') },
    { level: 'warning', found: expect.stringContaining('counts from one') },
  ])
})

it('a document beyond what the server takes is refused and named; one that can be compressed is not', async () => {
  const store = open()
  await expect(store.put('k', randomBytes(1_000_000).toString('hex'), undefined)).rejects.toMatchObject({
    code: 'STORE_REFUSED',
    message: expect.stringMatching(
      /bucket queue-canary, takes no message of \d+ bytes: raise max_payload, which is 1048576/,
    ),
  })
  const text = randomBytes(700_000).toString('hex')
  await store.put('k', text, undefined)
  expect((await store.get('k'))?.value === text).toBe(true)
  expect((await store.list(''))[0]?.value === text).toBe(true)
})

it('old marks of removed documents go, and nothing that was written after them', async () => {
  const [store, bucket] = [open(), bucketOf({ server: 'nats', bucket: 'queue-canary', replicas: 1 })]
  await store.put('gone', 'one', undefined)
  await store.put('back', 'one', undefined)
  const stored = async () => (await jetStream(server.url, `STREAM.INFO.${stream}`))['state']
  const seqs: number[] = []
  for (const key of ['gone', 'back']) {
    await store.delete(key)
    seqs.push(((await stored()) as { last_seq: number }).last_seq)
  }
  const again = await store.put('back', 'two', undefined)
  const marks = ['gone', 'back'].map((key, index) => ({
    subject: `$KV.queue-canary.${key}`,
    seq: seqs[index] ?? 0,
    at: 0,
  }))
  const before = (await stored()) as { messages: number }
  await withNats(server.url, (connection) => sweepMarks(connection, bucket, { marks, now: 1 }))
  expect(await stored()).toMatchObject({ messages: before.messages })
  await withNats(server.url, (connection) => sweepMarks(connection, bucket, { marks, now: 3_600_001 }))
  expect(await stored()).toMatchObject({ messages: before.messages - 1 })
  expect(await store.list('')).toEqual([{ key: 'back', value: 'two', revision: again }])
  expect(await store.put('gone', 'three', undefined)).toEqual(expect.any(String))
})

it('a reader whose clock is ahead removes no mark before its time', async () => {
  const [store, other] = [open(), open()]
  await store.put('gone', 'one', undefined)
  expect((await other.list('')).length).toBe(1)
  await store.delete('gone')
  const stored = async () => Object((await jetStream(server.url, `STREAM.INFO.${stream}`))['state']).messages
  const before = await stored()
  const clock = teardown.add(Date.now, (now) => (Date.now = now))
  Date.now = () => clock() + 7_200_000
  expect(await store.list('')).toEqual([])
  await remains(async () => expect(await stored()).toBe(before), { what: 'the mark stays' })
  expect(await other.list('')).toEqual([])
})

it('a list follows what others write, thousands of documents at once, and a reader that the server forgot', async () => {
  const [store, other] = [open(), open()]
  await Promise.all(Array.from({ length: 2_500 }, (_, index) => other.put(`many/${index}`, `${index}`, undefined)))
  expect((await store.list('many/')).length).toBe(2_500)
  await other.delete('many/7')
  expect((await store.list('many/')).length).toBe(2_499)
  const readers = (await jetStream(server.url, `CONSUMER.NAMES.${stream}`))['consumers'] as readonly string[]
  expect(readers.length).toBe(1)
  await jetStream(server.url, `CONSUMER.DELETE.${stream}.${readers[0]}`)
  await other.put('many/7', 'again', undefined)
  expect((await store.list('many/7')).find(({ key }) => key === 'many/7')?.value).toBe('again')
})

it.each([
  ['everything', {}, []],
  ['everything, while others write', {}, ['b/new']],
  ['what is below a prefix', { filter: '$KV.queue-canary.a.>' }, ['b/kept']],
])('a purge of %s: what get does not find, list does not show', async (_, what, left) => {
  const [store, other] = [open(), open()]
  for (const key of ['b/kept', 'a/one', 'a/two']) await store.put(key, 'old', undefined)
  expect((await store.list('')).length).toBe(3)
  expect((await store.list('a/')).length).toBe(2)
  expect((await jetStream(server.url, `STREAM.PURGE.${stream}`, what))['error']).toBeUndefined()
  if (left.includes('b/new')) await other.put('b/new', 'new', undefined)
  for (let look = 0; look < 2; look++) {
    expect(await store.list('a/')).toEqual([])
    expect((await store.list('')).map(({ key }) => key)).toEqual(left)
  }
  expect(await store.get('a/one')).toBeUndefined()
})

describe('a server that refuses', () => {
  async function start(setting: NatsSetting): Promise<string> {
    return teardown.add(await startNats(setting), (started) => started.stop()).url
  }

  it('one without JetStream', async () => {
    expect(await refusals(open(await start({ config: 'debug: false' })))).toEqual(allRefused(/has no JetStream/))
  })

  it('one without TLS, where TLS is wanted', async () => {
    expect(await refusals(open(server.url.replace('nats:', 'tls:')))).toEqual(allRefused(/offers no TLS/))
  })

  it('users and passwords', async () => {
    const url = await start({
      config: `jetstream {}\n authorization { users: [${user('app', '">"')}] }`,
      login: 'app:r%40ght',
    })
    expect(await refusals(open(url.replace('r%40ght', 'hunter2')))).toEqual(
      allRefused(/refuses user, password or token/),
    )
    expect(await open(url).get('k')).toBeUndefined()
  })

  it('rights beyond those that the README names are not needed, and missing ones are named', async () => {
    const users = [user('app', rights), user('half', '"$JS.API.>"'), user('none', '"other"')].join(', ')
    const url = await start({ config: `jetstream {}\n authorization { users: [${users}] }`, login: 'app:r%40ght' })
    const store = open(url)
    const revision = await store.put('a/b', 'one', undefined)
    expect(await store.list('a/')).toEqual([{ key: 'a/b', value: 'one', revision }])
    await store.delete('a/b')
    expect(await store.get('a/b')).toBeUndefined()
    expect(await refusals(open(url.replace('app', 'none')))).toEqual(allRefused(/denies a right/))
    await expect(open(url.replace('app', 'half')).put('k', 'one', undefined)).rejects.toMatchObject({
      code: 'STORE_REFUSED',
      message: expect.stringContaining('denies a right'),
    })
  })
})

const rights = [
  '$KV.queue-canary.>',
  ...['STREAM.INFO', 'STREAM.CREATE', 'STREAM.PURGE', 'STREAM.MSG.GET'].map((call) => `$JS.API.${call}.${stream}`),
  ...['CONSUMER.CREATE', 'CONSUMER.MSG.NEXT'].map((call) => `$JS.API.${call}.${stream}.>`),
]
  .map((subject) => `"${subject}"`)
  .join(', ')

function user(name: string, publish: string): string {
  const permissions = `permissions: { publish: [${publish}], subscribe: "_INBOX.>" }`
  return `{ user: ${name}, password: "r@ght", ${permissions} }`
}
