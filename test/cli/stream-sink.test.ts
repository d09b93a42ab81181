import { Writable } from 'node:stream'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { streamSink } from '../../src/cli/stream-sink.ts'
import { eventually } from '../support/eventually.ts'

/** A stream of the process, each write to which fails with `code`; no terminal unless told. */
function sinkOf(code: string | undefined, terminal: object = {}) {
  const error = Object.assign(new Error(`${code}: no`), { code })
  const stream = new Writable({ write: (_chunk, _encoding, done) => done(code === undefined ? null : error) })
  const lost: string[] = []
  const sink = streamSink(Object.assign(stream, terminal) as never, ({ message }) => lost.push(message))
  return { sink, lost }
}

afterEach(() => vi.unstubAllEnvs())

describe('a sink of the process', () => {
  it('notices that its reader has gone, which is no failure', async () => {
    const { sink, lost } = sinkOf('EPIPE')
    expect(sink.hasReader).toBe(true)
    sink.write('a line')
    await eventually(() => !sink.hasReader, { what: 'nobody reads' })
    expect(lost).toEqual([])
  })

  it('tells of what could not be written', async () => {
    const { sink, lost } = sinkOf('ENOSPC')
    sink.write('a line')
    await eventually(() => lost.length > 0, { what: 'the failure' })
    expect(lost).toEqual(['ENOSPC: no'])
    expect(sink.hasReader).toBe(true)
  })

  it('is 80 by 24 where nobody gave the terminal a size', () => {
    const { sink } = sinkOf(undefined, { isTTY: true, columns: 0, rows: 0 })
    expect([sink.columns, sink.rows]).toEqual([80, 24])
  })

  it.each([
    ['xterm', { isTerminal: true, hasCursor: true, color: true }],
    ['dumb', { isTerminal: true, hasCursor: false, color: false }],
  ])('a terminal of the kind %s: %j', (kind, capable) => {
    vi.stubEnv('TERM', kind)
    vi.stubEnv('NO_COLOR', undefined)
    expect(sinkOf(undefined, { isTTY: true, columns: 100, rows: 50 }).sink).toMatchObject(capable)
  })
})
