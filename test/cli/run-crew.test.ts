import { describe, expect, it } from 'vitest'
import { runCrew } from '../../src/cli/run-crew.ts'
import type { Worker, WorkerEnd } from '../../src/worker/worker.ts'
import { manualClock } from '../support/manual-clock.ts'
import { fakeIo } from './fake-io.ts'

/** A worker that ends when it is told to, and writes down what it was asked for. */
function fakeWorker({ endsOnDrain = true } = {}) {
  const asked: string[] = []
  const done = Promise.withResolvers<WorkerEnd>()
  const end = (reason: WorkerEnd['reason']): void => done.resolve({ reason, drains: [], errors: [] })
  const worker: Worker = {
    start: async () => void asked.push('start'),
    drain: async () => {
      asked.push('drain')
      if (endsOnDrain) end('drained')
      return []
    },
    stop: async () => {
      asked.push('stop')
      end('stopped')
      return []
    },
    done: done.promise,
    snapshot: () => [],
    [Symbol.asyncDispose]: async () => {},
  }
  return { asked, end, member: { queue: 'orders', worker } }
}

function setUp(...workers: readonly ReturnType<typeof fakeWorker>[]) {
  const io = fakeIo()
  const clock = manualClock()
  const lines: { fields: object; text: string }[] = []
  const write = (fields: object, text: string): void => void lines.push({ fields, text })
  const log = { debug: write, info: write, warn: write, error: write }
  const ended = runCrew(
    workers.map(({ member }) => member),
    io,
    { log, clock },
  )
  return { io, clock, lines, ended }
}

describe('the workers of a process', () => {
  it('end well when all of them are retired', async () => {
    const [a, b] = [fakeWorker(), fakeWorker()]
    const { ended } = setUp(a, b)
    a.end('retired')
    b.end('retired')
    expect(await ended).toEqual({ broken: false })
    expect([a.asked, b.asked]).toEqual([['start'], ['start']])
  })

  it('drain at the first signal', async () => {
    const [a, b] = [fakeWorker(), fakeWorker()]
    const { io, ended } = setUp(a, b)
    io.interrupt()
    expect(await ended).toEqual({ broken: false })
    expect([a.asked, b.asked]).toEqual([
      ['start', 'drain'],
      ['start', 'drain'],
    ])
  })

  it('stop at the second', async () => {
    const a = fakeWorker({ endsOnDrain: false })
    const { io, ended } = setUp(a)
    io.interrupt()
    io.interrupt()
    expect(await ended).toEqual({ broken: false })
    expect(a.asked).toEqual(['start', 'drain', 'stop'])
  })

  it('all drain when one has failed, and the process is broken', async () => {
    const [a, b] = [fakeWorker(), fakeWorker()]
    const { ended } = setUp(a, b)
    a.end('failed')
    expect(await ended).toEqual({ broken: true })
    expect(b.asked).toEqual(['start', 'drain'])
  })

  it('have 5 seconds after an error that nobody caught', async () => {
    const a = fakeWorker({ endsOnDrain: false })
    const { io, clock, ended } = setUp(a)
    io.crash(new Error('x'))
    await clock.advance(4_999)
    expect(a.asked).toEqual(['start', 'drain'])
    io.crash(new Error('another'))
    await clock.advance(1)
    expect(await ended).toEqual({ broken: true })
    expect(a.asked).toEqual(['start', 'drain', 'stop'])
  })

  it('say where such an error came from, never what it says', async () => {
    const a = fakeWorker()
    const { io, lines, ended } = setUp(a)
    io.crash(new TypeError('the order of hunter2'))
    io.crash(undefined)
    await ended
    const text = JSON.stringify(lines)
    expect(text).toContain('TypeError')
    expect(text).toContain('run-crew.test.ts')
    expect(text).not.toContain('hunter2')
  })
})
