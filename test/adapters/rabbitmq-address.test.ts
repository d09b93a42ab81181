import { describe, expect, it } from 'vitest'
import { rabbitmqBroker } from '../../adapters/brokers/rabbitmq/index.ts'
import { parseAddress } from '../../adapters/brokers/rabbitmq/address.ts'
import { brokerError, linkStateOf } from '../../adapters/brokers/rabbitmq/failures.ts'
import { handBackQueueOf } from '../../adapters/brokers/rabbitmq/options.ts'
import { Backoff } from '../../adapters/brokers/rabbitmq/timing.ts'
import { isQueueCanaryError, QueueCanaryError } from '../../src/errors.ts'

describe('address', () => {
  it.each([
    ['amqp://localhost', 'localhost:5672/', { username: 'guest', password: 'guest', vhost: '%2F', heartbeat: 10 }],
    ['amqps://u:p@mq.example.org', 'mq.example.org:5671/', { protocol: 'amqps', username: 'u', password: 'p' }],
    ['amqp://u:p%40ss%2Fw@h:1234/team%2Fa', 'h:1234/team/a', { password: 'p@ss/w', port: 1234, vhost: 'team%2Fa' }],
    ['amqp://h/%2f?heartbeat=30&channelMax=7', 'h:5672/', { vhost: '%2F', heartbeat: 30, channelMax: 7 }],
    ['amqp://u:p@[::1]:5673/v', '[::1]:5673/v', { hostname: '::1' }],
  ])('of %s is %s', (url, server, amqp) => {
    const address = parseAddress(url)
    expect(address.server).toBe(server)
    expect(address.amqp).toMatchObject(amqp)
  })

  it.each([
    '',
    'localhost',
    'http://s3cret@h',
    'amqp://',
    'amqp://u:s3cret%zz@h',
    'amqp://h/v%e0',
    'amqp://u:s3cret@h?heartbeat=soon',
    'amqp://u:s3cret/x@h:port',
  ])('refuses "%s" and repeats nothing of it', (url) => {
    const failure = thrownBy(() => parseAddress(url))
    expect(isQueueCanaryError(failure, 'ENVIRONMENT_INVALID')).toBe(true)
    expect(JSON.stringify([String(failure), failure])).not.toContain('s3cret')
  })
})

describe('failures', () => {
  const place = { server: 'h:5672/', queue: 'orders' }
  const closed = (code: number, text = '') =>
    Object.assign(new Error(`Channel closed by server: ${code} for user 's3cret' with message "${text}"`), { code })
  const handshake = (code: number) =>
    new Error(`Handshake terminated by server: ${code} (REFUSED) with message "s3cret"`)

  it.each([
    [closed(404, "NOT_FOUND - no queue 'orders' in vhost '/'"), 'QUEUE_MISSING', 'missing'],
    [
      closed(404, "NOT_FOUND - home node 'r@h' of durable queue 'orders' in vhost '/' is down or inaccessible"),
      'BROKER_UNREACHABLE',
      'connecting',
    ],
    [
      closed(404, "NOT_FOUND - failed to perform operation on queue 'no queue 'x'' in vhost '/' due to timeout"),
      'BROKER_UNREACHABLE',
      'connecting',
    ],
    [closed(403), 'BROKER_REFUSED', 'refused'],
    [closed(405), 'BROKER_REFUSED', 'refused'],
    [closed(406), 'BROKER_UNREACHABLE', 'connecting'],
    [closed(320), 'BROKER_UNREACHABLE', 'connecting'],
    [handshake(403), 'BROKER_REFUSED', 'refused'],
    [new Error('Expected ConnectionOpenOk; got <ConnectionClose channel:0>'), 'BROKER_REFUSED', 'refused'],
    [new Error('No channels left to allocate'), 'BROKER_REFUSED', 'refused'],
    [Object.assign(new AggregateError([]), { code: 'ECONNREFUSED' }), 'BROKER_UNREACHABLE', 'connecting'],
    [new QueueCanaryError('TIMED_OUT', 'no answer within 5000 ms'), 'BROKER_UNREACHABLE', 'connecting'],
    ['a text', 'BROKER_UNREACHABLE', 'connecting'],
  ])('%s is %s', (error, code, state) => {
    const trouble = brokerError(error, place)
    expect([trouble.code, linkStateOf(trouble)]).toEqual([code, state])
    expect(trouble.message).toContain('h:5672/')
    expect(JSON.stringify([trouble.message, trouble])).not.toContain('s3cret')
  })

  it('says what a consumer did that was too slow', () => {
    const text = 'delivery acknowledgement on channel 1 timed out. Timeout value used: 1800000 ms.'
    const error = Object.assign(new Error(`Channel closed by server: 406 "${text}"`), { code: 406 })
    expect(brokerError(error, place).message).toBe(
      'h:5672/ closed the link with code 406: a message was held for longer than its consumer_timeout allows',
    )
  })

  it('keeps the text of the system', () => {
    expect(brokerError(new Error('connect ECONNREFUSED 127.0.0.1:1'), place).message).toContain('ECONNREFUSED')
    expect(brokerError(Object.assign(new AggregateError([]), { code: 'ECONNREFUSED' }), place).message).toContain(
      'ECONNREFUSED',
    )
  })
})

describe('hand-back queue', () => {
  it.each([
    [{ kind: 'create' }, 'orders.queue-canary.hand-back'],
    [{ kind: 'existing', queue: 'back' }, 'back'],
    [{ kind: 'off' }, undefined],
  ] as const)('of %o is %s', (handBack, name) => {
    expect(handBackQueueOf({ queue: 'orders', handBack })).toBe(name)
  })
})

describe('names of queues', () => {
  it.each([
    ['a'.repeat(221), { kind: 'create' }],
    ['ü'.repeat(110), { kind: 'create' }],
    ['a'.repeat(231), { kind: 'off' }],
    ['a'.repeat(231), { kind: 'existing', queue: 'b'.repeat(231) }],
  ] as const)('may be as long as %s with hand-back %o', async (queue, handBack) => {
    const broker = rabbitmqBroker({ url: 'amqp://h', queue, handBack })
    expect(broker.capabilities.kind).toBe('rabbitmq')
    await broker.close()
  })

  it.each([
    ['', { kind: 'create' }, /^queue "": expected a name of 1 to 221 bytes.*; found 0$/],
    ['a'.repeat(222), { kind: 'create' }, /221 bytes, as "\.queue-canary\.hand-back\.retry\.512s" is.*; found 222$/],
    ['ü'.repeat(111), { kind: 'create' }, /; found 222$/],
    ['a'.repeat(232), { kind: 'off' }, /231 bytes, as "\.queue-canary\.retry\.512s" is appended.*; found 232$/],
    ['a', { kind: 'existing', queue: 'b'.repeat(232) }, /^queue "b+": expected.*231 bytes.*; found 232$/],
    ['a', { kind: 'existing', queue: '' }, /; found 0$/],
  ] as const)('%s with hand-back %o is refused', (queue, handBack, message) => {
    const failure = thrownBy(() => rabbitmqBroker({ url: 'amqp://h', queue, handBack }))
    expect(failure).toMatchObject({ code: 'ENVIRONMENT_INVALID', message: expect.stringMatching(message) })
  })
})

describe('backoff', () => {
  const bounds = (backoff: Backoff, count: number): number[] => Array.from({ length: count }, () => backoff.next(0))

  it('doubles from 100 ms to 15 s', () => {
    expect(bounds(new Backoff({ random: () => 1 }), 10)).toEqual([
      100, 200, 400, 800, 1_600, 3_200, 6_400, 12_800, 15_000, 15_000,
    ])
  })

  it('spreads over the whole range', () => {
    expect(bounds(new Backoff({ random: () => 0 }), 3)).toEqual([0, 0, 0])
  })

  it.each([
    ['a second, at the beginning', 1, 1_000, 100],
    ['not quite a second', 1, 999, 200],
    ['twice the last bound', 5, 3_200, 100],
    ['less than that', 5, 3_000, 3_200],
    ['ten seconds, after the longest', 12, 10_000, 100],
  ])('starts over after something that lived %s', (_, before, lived, expected) => {
    const backoff = new Backoff({ random: () => 1 })
    bounds(backoff, before)
    expect(backoff.next(lived)).toBe(expected)
  })
})

function thrownBy(work: () => unknown): unknown {
  try {
    return work()
  } catch (error) {
    return error
  }
}
