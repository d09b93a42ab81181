import { gzipSync } from 'node:zlib'
import { expect } from 'vitest'
import { ask, values } from './ask.ts'
import type { ProviderCase } from './provider-case.ts'

/** What is a value, and how it is asked for. */
export const answerCases: readonly ProviderCase[] = [
  ...['0', '0.25', '-3', '1e-9', '1e300', '12345678901234567890'].map(valueCase),
  {
    name: 'value: packed with gzip, in pieces, without a length',
    async run({ target, serve }) {
      const packed = gzipSync(target.answer('0.5'))
      const server = await serve((response) => {
        response.writeHead(200, { 'content-encoding': 'gzip' })
        for (const byte of packed) response.write(Buffer.of(byte))
        response.end()
      })
      expect(await ask(target.open(server.origin))).toEqual({ kind: 'value', value: 0.5 })
    },
  },
  {
    name: 'value: with a byte order mark, white space and keys that are not asked for',
    async run({ target, serve }) {
      const server = await serve((response) => response.end(`\uFEFF \n${target.answer('7')}\n `))
      expect(await ask(target.open(server.origin))).toEqual({ kind: 'value', value: 7 })
    },
  },
  {
    name: 'question: each time anew, over a connection that is closed afterwards',
    async run({ target, serve }) {
      let count = 0
      const server = await serve((response) => response.end(target.answer(`${(count += 1)}`)))
      const provider = target.open(server.origin)
      const found = [await ask(provider), await ask(provider), await ask(provider)]
      expect(found).toEqual([1, 2, 3].map((value) => ({ kind: 'value', value })))
      await expect.poll(() => server.open).toBe(0)
    },
  },
  {
    name: 'question: holds the values of the rollout, whatever is in them, and the headers',
    async run({ target, serve }) {
      const server = await serve((response) => response.end(target.answer('1')))
      const provider = target.open(server.origin, { headers: { Authorization: 'Bearer hunter2' } })
      const odd = 'a"b\\c/d?e&f=g#h%i\n{{version}}'
      expect(await provider.measure({ ...values, queue: odd }, new AbortController().signal)).toMatchObject({
        kind: 'value',
      })
      const [seen] = server.seen
      expect(seen?.headers.authorization).toBe('Bearer hunter2')
      const sent = new URLSearchParams(seen?.body === '' ? seen.url.split('?')[1] : seen?.body)
      expect([...sent.values()].join('\n')).toContain(target.asked(odd))
    },
  },
]

const flaws = [
  'nothing',
  'null',
  'text',
  'empty text',
  'true',
  'NaN',
  'infinity',
  'huge',
  'several',
  'a list',
  'stale',
] as const

/** Answers that are well-formed and hold no value. */
export const flawedCases: readonly ProviderCase[] = flaws.map(flawedCase)

function valueCase(number: string): ProviderCase {
  return {
    name: `value: ${number}`,
    async run({ target, serve }) {
      const server = await serve((response) => response.end(target.answer(number)))
      expect(await ask(target.open(server.origin))).toEqual({ kind: 'value', value: Number(number) })
    },
  }
}

function flawedCase(name: string): ProviderCase {
  return {
    name: `no value: ${name}`,
    async run({ target, serve }) {
      const flawed = target.none[name]
      if (flawed === undefined) throw new Error(`${target.name} has no answer for the case ${name}`)
      const server = await serve((response) => response.writeHead(200, flawed.headers).end(flawed.body))
      expect(await ask(target.open(server.origin))).toEqual({ kind: flawed.kind, why: expect.stringMatching(/\w/) })
    },
  }
}
