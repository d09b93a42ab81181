import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { backoffMs } from '../../src/worker/backoff.ts'
import { defineHandler, normaliseHandler } from '../../src/worker/define-handler.ts'
import { describeThrown } from '../../src/worker/describe-thrown.ts'
import { Fifo } from '../../src/worker/fifo.ts'
import { HandlerMessage } from '../../src/worker/handler-message.ts'
import { Lifecycle } from '../../src/worker/lifecycle.ts'
import { RecentIds } from '../../src/worker/recent-ids.ts'
import { Tally } from '../../src/worker/tally.ts'
import { logs } from './support/logs.ts'

const nothing = (): void => undefined

describe('normaliseHandler', () => {
  it('takes a bare function', () => {
    const handle = (): void => undefined
    expect(normaliseHandler(handle)).toEqual({ handle })
  })

  it('keeps `this` for objects and class instances', () => {
    class Orders {
      readonly price = 7
      handle(): number {
        return this.price
      }
      close(): number {
        return this.price + 1
      }
    }
    const definition = normaliseHandler(new Orders())
    expect(Reflect.apply(definition.handle ?? nothing, undefined, [])).toBe(7)
    expect([definition.close?.(), definition.warmUp]).toEqual([8, undefined])
  })

  it('takes what defineHandler gives', () => {
    const definition = defineHandler<{ id: string }>({ handle: (message) => message.json().id })
    expect(Object.keys(normaliseHandler(definition))).toEqual(['handle'])
  })

  it.each([
    ['undefined', undefined, 'found undefined'],
    ['null', null, 'found null'],
    ['a string', 'x', 'found string'],
    ['an object without handle', { warmUp: nothing }, '`handle` to be a function, found undefined'],
    ['a handle that is none', { handle: 1 }, '`handle` to be a function, found number'],
    ['a warmUp that is none', { handle: nothing, warmUp: true }, '`warmUp` to be a function, found boolean'],
    ['a close that is none', { handle: nothing, close: {} }, '`close` to be a function, found object'],
    ['accepts without a range', { handle: nothing, accepts: { header: 'schema' } }, '`accepts.range` to be a range'],
  ])('refuses %s', (_, exported, message) => {
    expect(() => normaliseHandler(exported)).toThrow(message)
    expect(() => normaliseHandler(exported)).toThrow(expect.objectContaining({ code: 'HANDLER_INVALID' }))
  })
})

describe('describeThrown', () => {
  it.each([
    [new TypeError('secret'), 'TypeError'],
    [Object.assign(new Error('secret'), { code: 'ECONNREFUSED' }), 'Error ECONNREFUSED'],
    [Object.assign(new Error('x'), { name: 'name with a secret in it' }), 'unnamed'],
    [Object.assign(new Error('x'), { code: 404 }), 'Error 404'],
    ['text that may be a payload', 'string'],
    [Object.create(null), 'unnamed'],
    [function named() {}, 'named'],
    [null, 'null'],
  ])('%# says the class only', (value, text) => {
    expect(describeThrown(value)).toBe(text)
  })
})

describe("a handler's message", () => {
  const message = (body: string) =>
    new HandlerMessage({
      id: 'm',
      body: Buffer.from(body),
      headers: {},
      deliveryCount: 1,
      redelivered: true,
      group: 'g',
      enqueuedAt: undefined,
    })

  it('parses its body on demand', () => {
    expect(message('{"id":7}').json()).toEqual({ id: 7 })
    expect(() => message('{').json()).toThrow(SyntaxError)
    expect(message('x')).toMatchObject({ id: 'm', deliveryCount: 1, redelivered: true, group: 'g' })
  })

  it('does not let a payload reach a prototype', () => {
    const parsed = message('{"__proto__":{"isAdmin":true}}').json()
    expect(Object.getPrototypeOf(parsed)).toBe(Object.prototype)
    expect(Reflect.get({}, 'isAdmin')).toBeUndefined()
  })

  it('reads no byte beyond its body', () => {
    const pool = Buffer.from('xx{"a":1}yy')
    const view = new HandlerMessage({
      id: 'm',
      body: pool.subarray(2, 9),
      headers: {},
      deliveryCount: 0,
      redelivered: false,
      group: undefined,
      enqueuedAt: undefined,
    })
    expect(view.json()).toEqual({ a: 1 })
  })
})

describe('small structures', () => {
  it('a fifo gives back what it was given, in order, whatever comes between', () => {
    fc.assert(
      fc.property(fc.array(fc.boolean(), { maxLength: 5_000 }), (pushes) => {
        const fifo = new Fifo<number>()
        const model: number[] = []
        for (const [index, push] of pushes.entries()) {
          const moved = push ? [fifo.push(index), void model.push(index)] : [fifo.shift(), model.shift()]
          expect(moved[0]).toBe(moved[1])
          expect(fifo.size).toBe(model.length)
        }
        expect(fifo.clear()).toEqual(model)
      }),
    )
  })

  it('recent ids forget the oldest', () => {
    const ids = new RecentIds(2)
    for (const id of ['a', 'b', 'a', 'c']) ids.add(id)
    expect(['a', 'b', 'c'].map((id) => ids.has(id))).toEqual([true, false, true])
  })

  it('a backoff stays within its bounds, at any attempt', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 5_000 }),
        fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
        (attempt, random) => {
          const ms = backoffMs({ baseMs: 100, maxMs: 5_000 }, attempt, () => random)
          expect(ms).toBeGreaterThanOrEqual(0)
          expect(ms).toBeLessThanOrEqual(Math.min(5_000, 100 * 2 ** (attempt - 1)))
        },
      ),
    )
  })

  it('a tally counts a first outcome once, and durations of successes only', () => {
    const tally = new Tally()
    tally.first('succeeded', 0.2, false)
    tally.first('succeeded', 100, false)
    tally.first('succeeded', 100, true)
    tally.first('failed', 100, false)
    tally.first('timedOut', 100, true)
    expect(tally.counts).toMatchObject({ succeeded: 2, failed: 1, timedOut: 0, repeated: 2 })
    expect(Object.values(tally.durations)).toEqual([1, 1])
    expect(tally.spentFailures).toBe(2)
  })

  it('a lifecycle goes one way, and logs each step once', () => {
    const log = logs()
    const states: string[] = []
    const lifecycle = new Lifecycle(log, (state) => states.push(state))
    for (const state of ['ready', 'starting', 'ready', 'drained', 'draining', 'gone', 'ready'] as const)
      lifecycle.to(state)
    expect(states).toEqual(['ready', 'drained', 'gone'])
    expect(log.lines.length).toBe(3)
  })
})
