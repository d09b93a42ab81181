import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { handBackOptions, retryOptions } from '../../adapters/brokers/rabbitmq/carried-message.ts'
import { laterHeaders } from '../../adapters/brokers/rabbitmq/message-headers.ts'
import { toMessage, toPassage } from '../../adapters/brokers/rabbitmq/message.ts'
import type { Origin } from '../../adapters/brokers/rabbitmq/origin.ts'
import { isRetryQueue, retryQueueName, retrySeconds } from '../../adapters/brokers/rabbitmq/retry-queue-names.ts'
import { laterOf } from '../../adapters/brokers/rabbitmq/retry-record.ts'
import type { RetryNote } from '../../src/contracts/broker.ts'
import { consumed } from '../support/rabbitmq-message.ts'

const handBackQueue = 'orders.queue-canary.hand-back'
const queue: Origin = { source: 'queue', queue: 'orders', handBackQueue, newId: () => 'new-id' }
const handBack: Origin = { ...queue, source: 'handBack', queue: handBackQueue }
const note: RetryNote = {
  attempts: 2,
  version: 'v1',
  reason: 'timedOut',
  error: 'TypeError',
  delayMs: 3_000,
  waits: 0,
  dead: false,
}
const now = 1_000_000
const terms = { later: undefined, user: 'guest', receivedAt: now, now }

/** What the broker delivers after the wait. */
function returned(sent: { headers?: unknown }, from = 'orders') {
  const death = { queue: retryQueueName(from, 4), reason: 'expired', count: 1 }
  return consumed({ headers: { ...Object(sent.headers), 'x-death': [death], 'x-first-death-queue': death.queue } })
}

describe('delay queues', () => {
  it.each([
    [0, 1],
    [999, 1],
    [1_000, 1],
    [1_001, 2],
    [4_000, 4],
    [5_000, 8],
    [300_000, 512],
    [1e9, 512],
  ])('a wait of %d ms goes to the one of %d s', (delayMs, seconds) => {
    expect(retrySeconds(delayMs)).toBe(seconds)
  })

  it('a wait is never shorter than asked for, and at most twice as long', () => {
    fc.assert(
      fc.property(fc.double({ min: 0, max: 300_000, noNaN: true }), (delayMs) => {
        const ms = retrySeconds(delayMs) * 1_000
        expect(ms).toBeGreaterThanOrEqual(delayMs)
        expect(ms).toBeLessThanOrEqual(Math.max(1_000, 2 * delayMs))
      }),
    )
  })

  it.each([
    ['orders.queue-canary.retry.4s', 'orders', true],
    ['orders.queue-canary.hand-back.retry.4s', handBackQueue, true],
    ['orders.queue-canary.hand-back.retry.4s', 'orders', false],
    ['orders.queue-canary.retry.4s', handBackQueue, false],
    ['others.queue-canary.retry.4s', 'orders', false],
    ['orders.queue-canary.retry.s', 'orders', false],
    ['orders.queue-canary.retry.4s.dead', 'orders', false],
    ['orders', 'orders', false],
  ])('%s is one of %s: %s', (name, of, expected) => {
    expect(isRetryQueue(name, of)).toBe(expected)
  })
})

describe('the record of a retry', () => {
  it('comes back with what was noted, and shows the handler what the publisher sent', () => {
    const headers: Record<string, unknown> = {
      tenant: 'a',
      CC: ['copies'],
      'x-death': [{ queue: 'old', reason: 'rejected', count: 1 }],
      'x-first-death-queue': 'old',
    }
    const raw = returned(retryOptions(consumed({ headers }), note, terms))
    expect(toPassage(raw, queue)).toEqual({
      handedBack: undefined,
      dead: false,
      retried: { attempts: 2, version: 'v1', reason: 'timedOut', waits: 0 },
    })
    expect(toMessage(raw, queue)).toMatchObject({ headers, redelivered: true, deliveryCount: 0 })
  })

  it('is gone from a message that came another way', () => {
    const { headers } = retryOptions(consumed({ headers: { tenant: 'a' } }), { ...note, dead: true }, terms)
    for (const deaths of [undefined, [], [{ queue: 'orders', reason: 'rejected' }], [{ queue: 'orders.dead' }], 'x']) {
      const raw = consumed({ headers: { ...headers, ...(deaths === undefined ? {} : { 'x-death': deaths }) } })
      expect(toPassage(raw, queue)).toEqual({ handedBack: undefined, dead: false, retried: undefined })
      expect(toMessage(raw, queue).headers).toMatchObject({ tenant: 'a' })
      expect(toMessage(raw, queue).headers).not.toHaveProperty(laterHeaders.attempts)
      expect(toMessage(raw, queue).redelivered).toBe(false)
    }
  })

  it.each([
    [{ [laterHeaders.attempts]: -1 }],
    [{ [laterHeaders.attempts]: 1.5 }],
    [{ [laterHeaders.attempts]: 65_536 }],
    [{ [laterHeaders.attempts]: '2' }],
    [{ [laterHeaders.attempts]: undefined }],
    [{ [laterHeaders.version]: 7 }],
    [{ [laterHeaders.reason]: 'whim' }],
  ])('is none where it makes no sense: %o', (nonsense) => {
    const { headers } = retryOptions(consumed(), note, terms)
    expect(laterOf(returned({ headers: { ...headers, ...nonsense } }), queue)).toBeUndefined()
  })

  it('counts as dead when it says so, after the wait only', () => {
    const sent = retryOptions(consumed(), { ...note, dead: true }, terms)
    expect(toPassage(returned(sent), queue).dead).toBe(true)
    expect(toPassage(returned(sent, handBackQueue), handBack).dead).toBe(true)
    expect(toPassage(consumed({ headers: sent.headers }), handBack).dead).toBe(false)
  })

  it('survives a hand-back, and its wait returns there', () => {
    const back = returned(retryOptions(consumed({ headers: { tenant: 'a' } }), note, terms))
    const handedBack = { version: 'v2', reason: 'failed', deliveryCount: 0 } as const
    const sent = handBackOptions(back, handedBack, { ...terms, later: laterOf(back, queue) })
    const rescue = consumed({ headers: sent.headers })
    expect(toPassage(rescue, handBack)).toMatchObject({ handedBack, retried: { attempts: 2 } })
    expect(toMessage(rescue, handBack)).toMatchObject({ headers: { tenant: 'a' }, redelivered: false })
    const later = laterOf(rescue, handBack)
    const again = returned(retryOptions(rescue, { ...note, attempts: 3 }, { ...terms, later }), handBackQueue)
    expect(toPassage(again, handBack)).toMatchObject({ handedBack, retried: { attempts: 3 } })
    expect(toMessage(again, handBack)).toMatchObject({ headers: { tenant: 'a' }, redelivered: true })
  })

  it('of a message that nobody accepted leaves the hand-back queue for good, and counts the waits', () => {
    const handedBack = { version: 'v2', reason: 'unaccepted', deliveryCount: 0 } as const
    const rescue = consumed({ headers: handBackOptions(consumed(), handedBack, terms).headers })
    expect(toPassage(rescue, handBack).handedBack).toEqual(handedBack)
    const putOff: RetryNote = { ...note, attempts: 0, reason: 'unaccepted', waits: 3 }
    const back = returned(retryOptions(rescue, putOff, terms))
    expect(toPassage(back, queue)).toMatchObject({ handedBack: undefined, retried: { attempts: 0, waits: 3 } })
    expect(Object.keys(Object(back.properties.headers)).filter((name) => name.includes('hand-back'))).toEqual([])
  })

  it('keeps the end of the time to live in a header: the broker forgets it', () => {
    const first = retryOptions(consumed({ expiration: '10000' }), note, { ...terms, now: now + 4_000 })
    expect(first).not.toHaveProperty('expiration')
    const back = returned(first)
    expect(toPassage(back, queue, laterOf(back, queue), now + 9_999).dead).toBe(false)
    expect(toPassage(back, queue, laterOf(back, queue), now + 10_000).dead).toBe(true)
    const later = laterOf(back, queue)
    expect(laterOf(returned(retryOptions(back, note, { ...terms, later, now: now + 8_000 })), queue)?.expiresAt).toBe(
      now + 10_000,
    )
    const handedBack = handBackOptions(
      back,
      { version: 'v2', reason: 'failed', deliveryCount: 0 },
      {
        ...terms,
        later,
        now: now + 8_500,
      },
    )
    expect(handedBack.expiration).toBe('1500')
  })
})
