import { expect } from 'vitest'
import { ask } from './ask.ts'
import type { ProviderCase } from './provider-case.ts'

const never = /never asked/

/** As a URL may write them; the URL parser makes one form of the numbers. */
const forbidden = [
  ['169.254.169.254', 'the metadata service'],
  ['2852039166', 'the metadata service as one number'],
  ['0xa9.0xfe.0xa9.0xfe', 'the metadata service in hexadecimal'],
  ['0251.0376.0251.0376', 'the metadata service in octal'],
  ['[::ffff:169.254.169.254]', 'the metadata service as IPv6'],
  ['[64:ff9b::a9fe:a9fe]', 'the metadata service behind NAT64'],
  ['[2002:a9fe:a9fe::1]', 'the metadata service behind 6to4'],
  ['[fd00:ec2::254]', 'the metadata service of AWS in IPv6'],
  ['[fd20:ce::254]', 'the metadata service of Google in IPv6'],
  ['100.100.100.200', 'the metadata service of Alibaba'],
  ['0.0.0.0', 'this host'],
  ['0', 'this host, in short'],
  ['[::]', 'this host in IPv6'],
  ['[::ffff:0.0.0.0]', 'this host, mapped'],
  ['[fe80::1]', 'link-local'],
  ['[febf::1]', 'the end of link-local'],
  ['224.0.0.1', 'multicast'],
  ['[ff02::1]', 'multicast in IPv6'],
  ['255.255.255.255', 'broadcast'],
] as const

/** Where a question may go. */
export const addressCases: readonly ProviderCase[] = [
  ...forbidden.map(forbiddenCase),
  {
    name: 'address: never one that a name resolves to',
    async run({ target }) {
      for (const [address, family] of [
        ['169.254.169.254', 4],
        ['fe80::1', 6],
        ['::ffff:a9fe:a9fe', 6],
        ['fd00:ec2::254', 6],
      ] as const) {
        const provider = target.open('http://metrics.test:9090', { resolve: async () => [{ address, family }] })
        expect([address, await ask(provider)]).toEqual([address, { kind: 'error', why: expect.stringMatching(never) }])
      }
    },
  },
  {
    name: 'address: the one that was checked is the one that is asked, also when the name changes',
    async run({ target, serve }) {
      const server = await serve((response) => response.end(target.answer('1')))
      const answers = ['127.0.0.1', '169.254.169.254', '127.0.0.1']
      let lookups = 0
      const resolve = async () => [{ address: answers[lookups++] ?? '0.0.0.0', family: 4 }]
      const provider = target.open(`http://metrics.test:${server.port}`, { resolve })
      expect(await ask(provider)).toEqual({ kind: 'value', value: 1 })
      expect(lookups).toBe(1)
      expect(await ask(provider)).toEqual({ kind: 'error', why: expect.stringMatching(never) })
      expect(server.seen.length).toBe(1)
      expect(server.seen[0]?.headers.host).toBe(`metrics.test:${server.port}`)
    },
  },
  {
    name: 'address: of several, only those that are allowed',
    async run({ target, serve }) {
      const server = await serve((response) => response.end(target.answer('1')))
      const both = ['169.254.169.254', '127.0.0.1'].map((address) => ({ address, family: 4 }))
      const provider = target.open(`http://metrics.test:${server.port}`, {
        resolve: async () => both,
        timeoutMs: 2_000,
      })
      expect(await ask(provider)).toEqual({ kind: 'value', value: 1 })
    },
  },
  {
    name: 'address: a name without any, and one that does not exist',
    async run({ target }) {
      const nowhere = target.open('http://metrics.test', { resolve: async () => [] })
      expect(await ask(nowhere)).toEqual({ kind: 'error', why: expect.stringContaining('no address') })
      const unknown = Object.assign(new Error('x'), { code: 'ENOTFOUND' })
      const missing = target.open('http://metrics.test', { resolve: () => Promise.reject(unknown) })
      expect(await ask(missing)).toEqual({ kind: 'error', why: expect.stringContaining('no such host') })
    },
  },
  {
    name: 'address: loopback, also as localhost',
    async run({ target, serve }) {
      const server = await serve((response) => response.end(target.answer('1')))
      expect(await ask(target.open(`http://localhost:${server.port}`))).toEqual({ kind: 'value', value: 1 })
    },
  },
  {
    name: 'address: with a list of hosts, only those',
    async run({ target, serve }) {
      const server = await serve((response) => response.end(target.answer('1')))
      const listed = (host: string, port?: number) =>
        target.open(server.origin, {
          hosts: [
            { host: 'elsewhere', port: undefined },
            { host, port },
          ],
        })
      for (const provider of [listed('127.0.0.1'), listed('127.0.0.1', server.port)])
        expect(await ask(provider)).toEqual({ kind: 'value', value: 1 })
      for (const provider of [
        listed('127.0.0.1', 9090),
        listed('localhost'),
        target.open(server.origin, { hosts: [] }),
      ])
        expect(await ask(provider)).toEqual({
          kind: 'error',
          why: expect.stringContaining('QUEUE_CANARY_METRICS_HOSTS'),
        })
      expect(server.seen.length).toBe(2)
    },
  },
  {
    name: 'address: a host on the list is held to the rules all the same',
    async run({ target }) {
      const provider = target.open('http://169.254.169.254', { hosts: [{ host: '169.254.169.254', port: undefined }] })
      expect(await ask(provider)).toEqual({ kind: 'error', why: expect.stringMatching(never) })
    },
  },
]

function forbiddenCase([host, what]: readonly [string, string]): ProviderCase {
  return {
    name: `address: never ${what}, ${host}`,
    async run({ target }) {
      const began = performance.now()
      const result = await ask(target.open(`http://${host}:9090`))
      expect(result).toEqual({ kind: 'error', why: expect.stringMatching(never) })
      expect(performance.now() - began).toBeLessThan(500)
    },
  }
}
