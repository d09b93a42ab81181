import { describe, expect, it } from 'vitest'
import { systemClock } from '../../src/worker/system-clock.ts'
import { eventually, remains } from '../support/eventually.ts'
import { manualClock } from '../support/manual-clock.ts'
import { useTeardown } from '../support/teardown.ts'
import { bench, deadQueue, handBackQueue } from './support/bench.ts'

const teardown = useTeardown()
const hostile = (): never => {
  throw new Error('hostile')
}
const throwingProxy = new Proxy(
  {},
  { get: hostile, has: hostile, getPrototypeOf: hostile, ownKeys: hostile, getOwnPropertyDescriptor: hostile },
)
const throwingGetters = Object.defineProperties(
  {},
  { name: { get: hostile }, message: { get: hostile }, code: { get: hostile }, stack: { get: hostile } },
)

function thenable(then: (yes: () => void, no: (reason: unknown) => void) => void): object {
  // oxlint-disable-next-line unicorn/no-thenable -- hostile on purpose
  return { then }
}
// oxlint-disable-next-line unicorn/no-thenable -- hostile on purpose
const thenGetter: PropertyDescriptorMap = { then: { get: hostile } }

/** Everything that a handler may throw. */
const thrown: readonly (readonly [string, unknown])[] = [
  ['undefined', undefined],
  ['null', null],
  ['a string', 'text'],
  ['a number', 7],
  ['a symbol', Symbol('odd')],
  ['a function', () => undefined],
  ['a frozen object', Object.freeze({ frozen: true })],
  ['an object without prototype', Object.create(null)],
  ['a proxy whose traps throw', throwingProxy],
  ['an object whose getters throw', throwingGetters],
  ['an error with an endless cause', Object.assign(new Error('loop'), { code: 'E_LOOP' })],
]

/** Everything else that ends badly. */
const endings: readonly (readonly [string, () => unknown])[] = [
  ...thrown.flatMap(([name, value]) => [
    [
      `throws ${name}`,
      () => {
        throw value
      },
    ] as const,
    [`rejects with ${name}`, () => Promise.reject(value)] as const,
    [`returns a thenable that rejects with ${name}`, () => thenable((_, no) => no(value))] as const,
    [
      `returns a thenable that throws ${name}`,
      () =>
        thenable(() => {
          throw value
        }),
    ] as const,
  ]),
  ['returns a proxy whose traps throw', () => throwingProxy],
  ['returns a thenable that rejects and then resolves', () => thenable((yes, no) => (no(1), yes()))],
  ['returns an object whose then throws', () => Object.defineProperties({}, { ...thenGetter })],
]

describe('a handler on the canary', () => {
  it.each(endings)('that %s fails its message once, and the next one is handled', async (_, end) => {
    const handled: string[] = []
    const lab = bench(teardown, {
      handle: (message) => {
        handled.push(message.id)
        return message.id === 'm-0' ? end() : undefined
      },
    })
    lab.throttle({})
    lab.publish(2)
    await lab.counts('handedBack', 1)
    await lab.counts('succeeded', 1)
    expect(handled.toSorted()).toEqual(['m-0', 'm-1'])
    expect(lab.processor.tally.counts).toMatchObject({
      taken: 2,
      failed: 1,
      succeeded: 1,
      handedBack: 1,
      deadLettered: 0,
    })
    expect(lab.depth(handBackQueue)).toBe(1)
    expect(lab.processor.inFlight.occupied).toBe(0)
  })
})

describe('a handler in charge', () => {
  it.each(thrown)(
    'that always throws %s has its message retried, then dead-lettered, and counted once',
    async (_, value) => {
      let attempts = 0
      const lab = bench(teardown, {
        handle: (_message, context) => {
          expect(context.attempt).toBe(++attempts)
          throw value
        },
      })
      lab.stream()
      lab.publish(1)
      await lab.counts('deadLettered', 1)
      expect(attempts).toBe(3)
      expect(lab.processor.tally.counts).toMatchObject({
        taken: 1,
        failed: 1,
        succeeded: 0,
        repeated: 0,
        deadLettered: 1,
      })
      await eventually(() => lab.depth(deadQueue) === 1, { what: 'the dead letter' })
    },
  )

  it.each([
    ['nothing', () => undefined],
    ['a value', () => ({ id: 1 })],
    ['a promise', () => Promise.resolve()],
    ['a thenable that resolves twice', () => thenable((yes) => (yes(), yes()))],
    [
      'a thenable that resolves and then throws',
      () =>
        thenable((yes) => {
          yes()
          throw new Error('too late')
        }),
    ],
  ])('that returns %s has succeeded, once', async (_, end) => {
    const lab = bench(teardown, { handle: end })
    lab.stream()
    lab.publish(3)
    await lab.counts('succeeded', 3)
    await remains(() => lab.processor.tally.counts.succeeded === 3, { what: 'three successes', forMs: 30 })
    expect(lab.processor.tally.counts).toMatchObject({ taken: 3, failed: 0, late: 0 })
    expect(lab.depth()).toBe(0)
  })
})

describe('a handler that takes too long', () => {
  it('never returning: signal, timed out at once, slot kept, message handed back, others go on', async () => {
    const aborted: string[] = []
    const lab = bench(teardown, {
      handlerTimeoutMs: 50,
      handle: ({ id }, { signal }) => {
        if (id !== 'm-0') return undefined
        signal.addEventListener('abort', () => aborted.push(id))
        return new Promise(() => undefined)
      },
    })
    lab.throttle({ concurrency: 2 })
    lab.publish(20)
    await lab.counts('handedBack', 1)
    await lab.counts('succeeded', 19)
    expect(aborted).toEqual(['m-0'])
    expect(lab.processor.inFlight).toMatchObject({ stuck: 1, occupied: 1, held: 0 })
    expect(lab.processor.tally.counts).toMatchObject({ timedOut: 1, failed: 0, late: 0, handedBack: 1 })
  })

  it('ending late: counted late, its result ignored, its slot free again', async () => {
    const lab = bench(teardown, {
      handlerTimeoutMs: 30,
      maxAttempts: 1,
      handle: () => new Promise((resolve) => setTimeout(resolve, 120)),
    })
    lab.stream()
    lab.publish(1)
    await lab.counts('deadLettered', 1)
    expect(lab.processor.inFlight.stuck).toBe(1)
    await lab.counts('late', 1)
    expect(lab.processor.tally.counts).toMatchObject({ taken: 1, timedOut: 1, succeeded: 0, deadLettered: 1 })
    expect(lab.processor.inFlight.occupied).toBe(0)
    expect(lab.depth(deadQueue)).toBe(1)
  })

  it('is timed out exactly when its own time is over, one timer for all', async () => {
    const clock = manualClock()
    const lab = bench(teardown, { clock, handlerTimeoutMs: 1_000, handle: () => new Promise(() => undefined) })
    lab.stream()
    lab.publish(1, 'a')
    await clock.advance(300)
    lab.publish(1, 'b')
    await clock.advance(699)
    expect(lab.processor.tally.counts.timedOut).toBe(0)
    await clock.advance(1)
    expect(lab.processor.tally.counts.timedOut).toBe(1)
    await clock.advance(299)
    expect(lab.processor.tally.counts.timedOut).toBe(1)
    await clock.advance(1)
    expect(lab.processor.tally.counts.timedOut).toBe(2)
  })

  it('asked for its signal after its time, finds it aborted', async () => {
    const seen: boolean[] = []
    const lab = bench(teardown, {
      handlerTimeoutMs: 20,
      handle: async (_, context) => {
        await systemClock().sleep(60)
        seen.push(context.signal.aborted)
      },
    })
    lab.throttle({})
    lab.publish(1)
    await eventually(() => seen.length === 1, { what: 'the handler to end' })
    expect(seen).toEqual([true])
  })
})

describe('logs of failures', () => {
  it('hold neither payload nor message text, and do not flood', async () => {
    const lab = bench(teardown, {
      handle: () => {
        throw Object.assign(new Error('card 4111-secret'), { code: 'E_CARD' })
      },
    })
    lab.throttle({ failures: 500 })
    lab.publish(200)
    await lab.counts('handedBack', 200)
    expect(lab.log.text).toContain('Error E_CARD')
    expect(lab.log.text).not.toContain('secret')
    expect(lab.log.lines.length).toBeLessThan(5)
  })
})

describe('a handler whose message is given to somebody else', () => {
  it('is told, and what it fails from then on counts for nothing', async () => {
    const attempts: number[] = []
    const lab = bench(teardown, {
      handle: async (_, { signal }) => {
        attempts.push(attempts.length)
        if (attempts.length > 1) return
        await new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)))
      },
    })
    lab.throttle({})
    lab.publish(1)
    await eventually(() => attempts.length === 1, { what: 'it has begun' })
    lab.processor.loseVoid()
    await remains(() => lab.processor.inFlight.held === 1, { what: 'it goes on while the message is its own' })
    lab.server.cutLinks()
    lab.processor.loseVoid()
    await lab.counts('repeated', 1)
    await eventually(() => lab.processor.inFlight.held === 0, { what: 'all is settled' })
    expect(attempts).toHaveLength(2)
    expect(lab.processor.tally.counts).toMatchObject({ failed: 0, stale: 1, handedBack: 0, succeeded: 0 })
  })

  it.each([
    ['before it was told', false],
    ['for another reason', true],
  ])('counts as ever where it failed %s', async (_, isTold) => {
    const release = Promise.withResolvers<void>()
    const lab = bench(teardown, { handle: () => release.promise })
    lab.throttle({})
    lab.publish(1)
    await eventually(() => lab.processor.inFlight.held === 1, { what: 'it has begun' })
    lab.server.cutLinks()
    if (isTold) lab.processor.loseVoid()
    release.reject(new Error('no'))
    await lab.counts('failed', 1)
    await eventually(() => lab.processor.inFlight.held === 0, { what: 'all is settled' })
    expect(lab.processor.tally.counts.failed).toBe(1)
  })
})
