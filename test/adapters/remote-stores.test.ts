import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { setTimeout } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { natsStore } from '../../adapters/stores/nats/index.ts'
import { postgresStore } from '../../adapters/stores/postgres/index.ts'
import { redisStore } from '../../adapters/stores/redis/index.ts'
import type { Store } from '../../src/contracts/store.ts'
import { isQueueCanaryError } from '../../src/errors.ts'
import { eventually } from '../support/eventually.ts'
import { fakeRedis, fitAnswer, noAnswer } from '../support/fake-redis.ts'
import { useTeardown } from '../support/teardown.ts'

const teardown = useTeardown()

type Open = (options: { readonly url: string; readonly deadlineMs?: number }) => Store

const stores = { redis: redisStore, nats: natsStore, postgres: postgresStore } as const

const mistakes: readonly (readonly [Open, string])[] = [
  [redisStore, 'redis://'],
  [redisStore, 'http://user:hunter2@h'],
  [redisStore, 'redis://user:hunter2@h/queue'],
  [redisStore, 'redis://user:hunter2@h/0?prefix=a{b}'],
  [redisStore, 'redis://user:hunter2@h?prefxi=a'],
  [redisStore, 'redis://user:hunter2%zz@h'],
  [natsStore, 'nats://hunter2#more@h:4222'],
  [postgresStore, 'postgres://user:hunter2#more@h/db'],
  [natsStore, 'nats://user:hunter2@h/path'],
  [natsStore, 'nats://user:hunter2@h?bucket=a.b'],
  [natsStore, 'nats://user:hunter2@h?replicas=2'],
  [postgresStore, 'postgres://user:hunter2@h'],
  [postgresStore, 'postgres://h/db'],
  [postgresStore, 'postgres://user:hunter2@h/db/more'],
  [postgresStore, 'postgres://user:hunter2@h/db?table=drop%20table'],
  [postgresStore, 'postgres://user:hunter2@h/db?sslmode=prefer'],
  [postgresStore, 'postgres://user:hunter2@h/db?sslmode=verify-ca&sslrootcert=/no/such/file'],
]

describe('the URL of a store', () => {
  it.each(mistakes)('%o %s is a mistake, and nothing of it is shown', (open, url) => {
    let failure: unknown
    try {
      open({ url })
    } catch (error) {
      failure = error
    }
    expect(isQueueCanaryError(failure, 'ENVIRONMENT_INVALID')).toBe(true)
    expect(String(failure)).toMatch(/URL of the store: (?:expected \w+|the file \/no\/such\/file)/)
    expect(String(failure)).not.toMatch(/hunter2|zz/)
  })
})

describe('a server that is not there', () => {
  it.each([
    [redisStore, 'redis://user:hunter2@127.0.0.1:1/0'],
    [natsStore, 'nats://user:hunter2@127.0.0.1:1'],
    [postgresStore, 'postgres://user:hunter2@127.0.0.1:1/db'],
    [redisStore, 'redis://user:hunter2@no-such-host.invalid'],
    [natsStore, 'nats://user:hunter2@no-such-host.invalid'],
    [postgresStore, 'postgres://user:hunter2@no-such-host.invalid/db'],
  ] satisfies (readonly [Open, string])[])('%o %s is unreachable, and the password is not told', async (open, url) => {
    const store = open({ url, deadlineMs: 3_000 })
    const failure: unknown = await store.get('k').catch((error: unknown) => error)
    expect(isQueueCanaryError(failure, 'STORE_UNREACHABLE')).toBe(true)
    expect(String(failure)).toMatch(
      /the store \w+:\/\/(?:127\.0\.0\.1:1|no-such-host\.invalid:\d+)(?:\/\w+)? (?:is not|could not)/,
    )
    expect(String(failure)).not.toContain('hunter2')
    await store.close()
  })
})

describe('a server that slams the door', () => {
  it.each([
    [redisStore, (port: number) => `redis://127.0.0.1:${port}`],
    [natsStore, (port: number) => `nats://127.0.0.1:${port}`],
    [postgresStore, (port: number) => `postgres://app@127.0.0.1:${port}/db`],
  ] satisfies (readonly [Open, (port: number) => string])[])(
    '%o: is tried again and again, at growing intervals',
    async (open, url) => {
      const times: number[] = []
      const door = createServer((socket) => {
        times.push(performance.now())
        socket.on('error', () => {}).destroy()
      })
      await once(door.listen(0, '127.0.0.1'), 'listening')
      const store = open({ url: url((door.address() as AddressInfo).port), deadlineMs: 10_000 })
      const failures: unknown[] = []
      while (times.length < 12) await store.get('k').catch((error: unknown) => failures.push(error))
      expect(failures.every((error) => isQueueCanaryError(error, 'STORE_UNREACHABLE'))).toBe(true)
      // eleven pauses with full jitter: up to 50, 100, 200, 400, 800 ms, then a second each; less than 800 ms in all is a chance of less than one in 100,000
      expect((times[11] ?? 0) - (times[0] ?? 0)).toBeGreaterThan(800)
      await store.close()
      door.close()
    },
  )
})

describe('a server that accepts and says nothing', () => {
  it.each([
    [redisStore, (port: number) => `redis://127.0.0.1:${port}`],
    [redisStore, (port: number) => `rediss://127.0.0.1:${port}`],
    [natsStore, (port: number) => `nats://127.0.0.1:${port}`],
    [natsStore, (port: number) => `tls://127.0.0.1:${port}`],
    [postgresStore, (port: number) => `postgres://app@127.0.0.1:${port}/db`],
    [postgresStore, (port: number) => `postgres://app@127.0.0.1:${port}/db?sslmode=require`],
  ] satisfies (readonly [Open, (port: number) => string])[])(
    '%o %s: each try is a new connection, and none is left behind',
    async (open, url) => {
      const server = teardown.add(await fakeRedis(() => noAnswer), (fake) => fake.close())
      const store = open({ url: url(Number(new URL(server.url).port)), deadlineMs })
      for (let accepted = 0; accepted < 4; accepted = server.accepted) {
        const failure: unknown = await store.get('k').catch((error: unknown) => error)
        expect(isQueueCanaryError(failure, 'STORE_UNREACHABLE')).toBe(true)
        // one that is being made, and one that is being ended
        expect(server.open).toBeLessThanOrEqual(2)
      }
      await closedInTime(store)
      await eventually(() => server.open === 0, { what: 'no connection' })
    },
  )

  it('not even while it is being checked', async () => {
    const server = teardown.add(
      await fakeRedis((connection) => (command) => {
        return connection <= 2 && command[0] === ['INFO', 'EVALSHA'][connection - 1] ? undefined : fitAnswer(command)
      }),
      (fake) => fake.close(),
    )
    const store = redisStore({ url: server.url, deadlineMs })
    await eventually(() => store.get('k'), { what: 'the third connection' })
    expect(server.accepted).toBe(3)
    await closedInTime(store)
  })

  it('a store that is closed does not wait for its connection', async () => {
    const server = teardown.add(await fakeRedis(() => noAnswer), (fake) => fake.close())
    const store = redisStore({ url: server.url, deadlineMs: 60_000 })
    const call = store.get('k').catch((error: unknown) => error)
    await eventually(() => server.open === 1, { what: 'the connection' })
    await closedInTime(store)
    expect(isQueueCanaryError(await call, 'STORE_REFUSED')).toBe(true)
  })
})

describe('a call that has ended', () => {
  it('is not sent when the connection stands at last', async () => {
    const seen: string[] = []
    const server = teardown.add(
      await fakeRedis((connection) => {
        if (connection <= 8) return 'reset'
        return async (command) => {
          seen.push(...command.filter((word) => word.startsWith('value')))
          // within the time that a connection may take, and too late for who has waited to make it
          if (command[0] === 'INFO') await setTimeout(0.8 * deadlineMs)
          return fitAnswer(command)
        }
      }),
      (fake) => fake.close(),
    )
    const store = teardown.add(redisStore({ url: server.url, deadlineMs }), (opened) => opened.close())
    const ended: string[] = []
    for (let call = 0; server.accepted <= 8 || call < 30; call++) {
      const sentBefore = seen.length
      await store.put('k', `value ${call}`, undefined).catch(() => ended.push(`value ${call}`))
      if (server.accepted > 8 && seen.length > sentBefore) break
    }
    expect(ended.length).toBeGreaterThanOrEqual(8)
    expect(ended.filter((value) => seen.includes(value))).toEqual([])
  })
})

const deadlineMs = 400

async function closedInTime(store: Store): Promise<void> {
  const beganAt = performance.now()
  await store.close()
  expect(performance.now() - beganAt).toBeLessThan(5_000)
}

describe('a driver that is not installed', () => {
  it.each([
    ['redis', 'redis://127.0.0.1:1', 'redis', 'redis@6'],
    ['nats', 'nats://127.0.0.1:1', '@nats-io/transport-node', '@nats-io/transport-node@3'],
    ['postgres', 'postgres://app@127.0.0.1:1/db', 'pg', 'pg@8'],
  ] as const)('%s: the first call is refused, with what to install', (name, url, missing, install) => {
    const script = `
      import { registerHooks } from 'node:module'
      registerHooks({ resolve(specifier, context, next) {
        return next(specifier === '${missing}' ? 'not-installed' : specifier, context)
      } })
      const { ${stores[name].name} } = await import('queue-canary/${name}')
      await ${stores[name].name}({ url: '${url}' }).get('k').catch((error) => console.log(error.code, error.message))`
    const args = ['--conditions=queue-canary-source', '--input-type=module', '-e', script]
    expect(execFileSync(process.execPath, args, { encoding: 'utf8' }).trim()).toBe(
      `STORE_REFUSED the ${name} store needs a package that is not installed: npm install ${install}`,
    )
  })
})
