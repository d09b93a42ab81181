import type { ConsumeMessage } from 'amqplib'
import { describe, expect, it } from 'vitest'
import { handBackOptions as optionsOf, remainingMs } from '../../adapters/brokers/rabbitmq/carried-message.ts'
import type { CarryTerms } from '../../adapters/brokers/rabbitmq/carried-message.ts'
import { idSource, sentAt, toMessage, toPassage } from '../../adapters/brokers/rabbitmq/message.ts'
import { handBackHeaders } from '../../adapters/brokers/rabbitmq/message-headers.ts'
import type { Origin } from '../../adapters/brokers/rabbitmq/origin.ts'
import type { HandBackNote } from '../../src/contracts/broker.ts'
import { consumed } from '../support/rabbitmq-message.ts'

const queue: Origin = { source: 'queue', queue: 'orders', handBackQueue: 'orders.back', newId: () => 'new-id' }
const handBack: Origin = { ...queue, source: 'handBack', queue: 'orders.back' }
const note = { version: 'v2', reason: 'failed', deliveryCount: 3 } as const
const noteHeaders = {
  [handBackHeaders.version]: 'v2',
  [handBackHeaders.reason]: 'failed',
  [handBackHeaders.deliveryCount]: 3,
}
const death = (name: string) => ({ queue: name, reason: 'rejected', count: 1 })
const terms = { note, later: undefined, user: 'guest', receivedAt: 1_000_000, now: 1_000_000 }
const handBackOptions = (raw: ConsumeMessage, { note: said, ...others }: CarryTerms & { note: HandBackNote }) =>
  optionsOf(raw, said, others)

describe('message', () => {
  it('has the id of its publisher, or a new one', () => {
    expect(toMessage(consumed({ messageId: 'm-1' }), queue).id).toBe('m-1')
    expect(toMessage(consumed(), queue).id).toBe('new-id')
    expect(toMessage(consumed({ messageId: '' }), queue).id).toBe('new-id')
  })

  it('gets new ids that differ, also between brokers', () => {
    const [first, second] = [idSource(), idSource()]
    expect(new Set([first(), first(), second(), second()]).size).toBe(4)
  })

  it.each([
    [{}, false, 0],
    [{}, true, 0],
    [{ 'x-delivery-count': 2 }, true, 2],
    [{ 'x-delivery-count': 2, 'x-acquired-count': 5 }, true, 5],
    [{ 'x-delivery-count': 9 }, false, 0],
    [{ 'x-delivery-count': 'many' }, true, 0],
    [{ 'x-delivery-count': -4 }, true, 0],
  ])('with headers %o and redelivered %s has the delivery count %d', (headers, redelivered, count) => {
    expect(toMessage(consumed({ headers }, { redelivered }), queue).deliveryCount).toBe(count)
  })

  it.each([
    [undefined, undefined],
    [1_700_000_000, '2023-11-14T22:13:20.000Z'],
    [1_700_000_000_123, '2023-11-14T22:13:20.123Z'],
    [0, undefined],
    [-5, undefined],
    [Number.NaN, undefined],
    [1e300, undefined],
    [{ '!': 'timestamp' }, undefined],
  ])('with timestamp %o was sent at %s', (timestamp, iso) => {
    expect(sentAt(timestamp)?.toISOString()).toBe(iso)
  })

  it('survives a missing header table and a header called __proto__', () => {
    expect(toMessage(consumed({ headers: undefined }), queue).headers).toEqual({})
    const headers: unknown = JSON.parse('{"__proto__": {"polluted": 1}, "a": 1}')
    const { headers: back } = toMessage(consumed({ headers: { ...Object(headers), ...noteHeaders } }), handBack)
    expect(back).toEqual(headers)
    expect(Object.getPrototypeOf(back)).toBe(Object.prototype)
  })
})

describe('passage', () => {
  it('tells the note on deliveries from the hand-back queue only', () => {
    expect(toPassage(consumed({ headers: noteHeaders }), handBack)).toEqual({
      handedBack: note,
      dead: false,
      retried: undefined,
    })
    expect(toPassage(consumed({ headers: noteHeaders }), queue)).toEqual({
      handedBack: undefined,
      dead: false,
      retried: undefined,
    })
  })

  it('has no note where headers are foreign or forged', () => {
    for (const headers of [
      undefined,
      {},
      { [handBackHeaders.version]: 7 },
      { ...noteHeaders, [handBackHeaders.reason]: 'x' },
    ]) {
      expect(toPassage(consumed({ headers }), handBack).handedBack).toBeUndefined()
    }
  })

  it.each([
    [[death('orders.back')], true],
    [[death('orders.back'), death('orders')], true],
    [[death('orders'), death('orders.back')], false],
    [[death('other')], false],
    [[], false],
    ['orders.back', false],
    [[null], false],
  ])('is dead by the newest death record: %o -> %s', (records, dead) => {
    const headers: Record<string, unknown> = { 'x-death': records }
    expect(toPassage(consumed({ headers }), queue).dead).toBe(dead)
    expect(toPassage(consumed({ headers }), { ...queue, handBackQueue: undefined }).dead).toBe(false)
  })
})

describe('handed back message', () => {
  it('shows its handler what the publisher sent', () => {
    const headers: Record<string, unknown> = {
      tenant: 'a',
      CC: ['copies'],
      'x-death': [death('retry')],
      'x-first-death-queue': 'retry',
    }
    const options = handBackOptions(consumed({ headers: { ...headers, 'x-delivery-count': 4 } }), terms)
    expect(toMessage(consumed({ headers: options.headers }), handBack).headers).toEqual(headers)
  })

  it('is published without headers that the broker would act on', () => {
    const headers: Record<string, unknown> = {
      CC: ['copies'],
      BCC: ['more'],
      'x-death': [death('orders')],
      'x-last-death-reason': 'expired',
      'x-delivery-count': 4,
    }
    const { headers: sent } = handBackOptions(consumed({ headers }), terms)
    expect(Object.keys(sent).toSorted()).toEqual(Object.values(handBackHeaders).toSorted())
  })

  it('carries a new note when it is handed back again, and no more', () => {
    const once = handBackOptions(consumed({ headers: { CC: ['copies'] } }), terms).headers
    const twice = handBackOptions(consumed({ headers: once }), {
      ...terms,
      note: { ...note, version: 'v3' },
    }).headers
    expect(twice).toEqual({ ...once, [handBackHeaders.version]: 'v3' })
  })

  it('keeps all properties, but no foreign user', () => {
    const properties = {
      contentType: 'a/b',
      contentEncoding: 'gzip',
      priority: 3,
      correlationId: 'c',
      replyTo: 'r',
      messageId: 'm',
      timestamp: 1_700_000_000,
      type: 't',
      appId: 'app',
    }
    expect(handBackOptions(consumed({ ...properties, userId: 'guest' }), terms)).toMatchObject({
      ...properties,
      userId: 'guest',
    })
    expect(handBackOptions(consumed({ userId: 'other' }), terms)).not.toHaveProperty('userId')
    expect(handBackOptions(consumed(), terms)).toMatchObject({ mandatory: true, persistent: true })
    expect(handBackOptions(consumed(), terms)).not.toHaveProperty('expiration')
  })

  it.each([
    ['no time to live', undefined, undefined, 50, undefined],
    ['what we held it for is gone', '1000', undefined, 50, 950],
    ['so is its age, by a plausible timestamp', '60000', 20_000, 50, 39_950],
    ['a timestamp in the future says nothing', '1000', -5_000, 50, 950],
    ['nor one that says it expired before it came', '1000', 1_000, 50, 950],
    ['never below 1 ms', '1000', undefined, 5_000, 1],
    ['a time to live of 0', '0', undefined, 0, 1],
    ['a senseless one', 'soon', undefined, 0, undefined],
    ['a clock that went back', '1000', undefined, -300, 1_000],
  ])('has the remaining time to live: %s', (...[, original, age, held, expected]) => {
    const receivedAt = 1_000_000
    const sent = age === undefined ? undefined : receivedAt - age
    expect(remainingMs(original, sent, { receivedAt, now: receivedAt + held })).toBe(expected)
  })
})
