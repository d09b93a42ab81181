import { describe, expect, it } from 'vitest'
import { realClock, waits } from '../../adapters/brokers/rabbitmq/timing.ts'
import type { Broker, Delivery } from '../../src/contracts/broker.ts'
import { isQueueCanaryError } from '../../src/errors.ts'
import { eventually } from '../support/eventually.ts'
import { testServer, variant } from '../support/rabbitmq.ts'
import { openCase, streaming } from '../support/rabbitmq-case.ts'
import type { RabbitmqCase } from '../support/rabbitmq-case.ts'
import { proxyTo, withChannel } from '../support/rabbitmq-target.ts'
import { useTeardown } from '../support/teardown.ts'

const server = testServer()
const note = { version: 'v2', reason: 'failed', deliveryCount: 1 } as const

describe('hand-back queue', () => {
  const teardown = useTeardown()

  it('is a quorum queue that dead-letters to the main queue, and a passive check finds it', async () => {
    const target = await openCase(server, teardown, 'classic')
    await target.broker().prepareHandBack()
    await expect(
      target.broker({ handBack: { kind: 'existing', queue: target.handBackQueue } }).prepareHandBack(),
    ).resolves.toBeUndefined()
    await withChannel(server.url, async (channel) => {
      const wrong = channel.assertQueue(target.handBackQueue, { durable: true })
      await expect(wrong).rejects.toThrow(/inequivalent arg 'x-dead-letter-exchange'/)
    })
  })

  it('may be a classic queue of an earlier time, and nothing else', async () => {
    const target = await openCase(server, teardown, 'classic')
    const declare = (deadLetterRoutingKey: string): Promise<void> =>
      withChannel(server.url, async (channel) => {
        await channel.deleteQueue(target.handBackQueue)
        await channel.assertQueue(target.handBackQueue, { durable: true, deadLetterExchange: '', deadLetterRoutingKey })
      })
    await declare(target.queue)
    await target.broker().prepareHandBack()
    await declare('elsewhere')
    const failure = await target
      .broker()
      .prepareHandBack()
      .catch((error: unknown) => error)
    expect(isQueueCanaryError(failure, 'BROKER_REFUSED')).toBe(true)
  })

  it('gives a message back, marked, that exceeds its delivery limit', async () => {
    const target = await openCase(server, teardown, 'quorum')
    await withChannel(server.url, async (channel) => {
      await channel.assertQueue(target.handBackQueue, {
        durable: true,
        arguments: {
          'x-queue-type': 'quorum',
          'x-delivery-limit': 2,
          'x-dead-letter-exchange': '',
          'x-dead-letter-routing-key': target.queue,
          'x-dead-letter-strategy': 'at-least-once',
          'x-overflow': 'reject-publish',
        },
      })
    })
    const broker = target.broker({ handBack: { kind: 'existing', queue: target.handBackQueue } })
    await broker.prepareHandBack()
    const delivery = await handBackOne(target, broker, {})
    expect(delivery.passage.dead).toBe(false)
    await rejectTimes(3, target.handBackQueue)
    await comesBackDead(target, broker)
  })

  /** A redriven message brings death records that seem to make a circle of its next death; RabbitMQ 3 drops such messages. */
  it.each([
    ['expired', 'the main queue itself'],
    ['delivery_limit', 'the main queue itself'],
    ['rejected', 'a retry queue'],
  ])('keeps a message with an old record "%s" of %s that expires there', async (reason, where) => {
    const target = await openCase(server, teardown, 'classic')
    const broker = target.broker()
    await broker.prepareHandBack()
    const record = {
      count: 1,
      reason,
      queue: where === 'a retry queue' ? 'retry' : target.queue,
      exchange: '',
      'routing-keys': [target.queue],
      time: { '!': 'timestamp', value: 1_700_000_000 },
    }
    const delivery = await handBackOne(target, broker, {
      headers: { 'x-death': [record], tenant: 'a' },
      expiration: '1500',
    })
    expect(delivery.message.headers['tenant']).toBe('a')
    await comesBackDead(target, broker)
  })

  it('gets one copy, whoever the copies of the original went to', async () => {
    const target = await openCase(server, teardown, 'classic')
    const broker = target.broker()
    await broker.prepareHandBack()
    await handBackOne(target, broker, { CC: [target.deadLetters] })
    await eventually(async () => expect(await target.helper.ready(target.handBackQueue)).toBe(1), {
      what: 'the hand-back',
    })
    expect(await target.helper.ready(target.deadLetters), 'the copy that the publisher sent').toBe(1)
    const back = await takeOne(broker, 'handBack')
    expect(back.message.headers['CC']).toEqual([target.deadLetters])
    expect(back.passage.handedBack).toEqual(note)
  })

  it('takes messages with a user id', async () => {
    const target = await openCase(server, teardown, 'classic')
    const broker = target.broker()
    await broker.prepareHandBack()
    await handBackOne(target, broker, { userId: 'guest' })
    expect((await takeOne(broker, 'handBack')).ack()).toBe(true)
  })
})

describe.skipIf(server.control === undefined)('a virtual host that allows no further queue', () => {
  const teardown = useTeardown()

  it('is told as such, and not as a queue of other arguments', async () => {
    const target = await openCase(server, teardown, 'classic')
    const vhost = teardown.add(`full-${target.queue}`, (name) => server.control?.ctl('delete_vhost', name))
    await server.control?.ctl('add_vhost', vhost)
    await server.control?.ctl('set_permissions', '-p', vhost, 'guest', '.*', '.*', '.*')
    await server.control?.ctl('set_vhost_limits', '-p', vhost, '{"max-queues": 0}')
    await expect(target.broker({ url: `${server.url}/${vhost}` }).prepareHandBack()).rejects.toMatchObject({
      code: 'BROKER_REFUSED',
      message: expect.stringMatching(/may not be declared as hand-back queue \(406\): raise the limit of queues/),
    })
  })
})

describe('a message that the client cannot send again', () => {
  const teardown = useTeardown()
  const retryNote = { ...note, attempts: 1, error: undefined, delayMs: 1_000, waits: 0, dead: false }

  it.each([
    ['as its headers are too long with ours', { trace: 'secret'.padEnd(65_500, 'x') }, 'its headers need more than 64'],
    ['as a header has no encoding', { size: { '!': 'double', value: -1e30 } }, 'the client cannot encode its'],
  ])('%s, is refused at once, unsettled, and does no harm to the next one', async (_, headers, reason) => {
    const target = await openCase(server, teardown, 'classic')
    const broker = target.broker()
    await broker.prepareHandBack()
    const odd = await published(target, broker, { headers })
    for (const attempt of [() => odd.handBack(note), () => odd.retryLater(retryNote)]) {
      const failure = await attempt().catch((error: unknown) => error)
      expect(failure).toMatchObject({ code: 'BROKER_REFUSED', message: expect.stringContaining(reason) })
      expect(`${String(failure)} ${JSON.stringify(failure)}`).not.toMatch(/secret|0_?00/)
    }
    await handBackOne(target, broker, {})
    expect(odd.requeue()).toBe(true)
    await eventually(async () => expect(await target.helper.ready(target.queue)).toBe(1), { what: 'the message' })
  })
})

describe.skipIf(server.control === undefined)('a confirm channel', () => {
  const teardown = useTeardown()
  const hurried = {
    ...realClock,
    sleep: (ms: number, signal?: AbortSignal) => realClock.sleep(ms === waits.answer ? 500 : ms, signal),
  }

  it('that opens too late is closed: the next try has one of its own', async () => {
    const target = await openCase(server, teardown, 'classic')
    const proxy = teardown.add(await proxyTo(server.url), (opened) => opened.close())
    const broker = target.broker({ url: variant(server.url, { port: proxy.port }), clock: hurried })
    await broker.prepareHandBack()
    await target.publish(1)
    const delivery = await takeOne(broker, 'queue')
    proxy.blackHole(true)
    await expect(delivery.handBack(note)).rejects.toThrow(/not confirmed/)
    proxy.blackHole(false)
    await eventually(() => delivery.handBack(note), { what: 'a hand-back' })
    await eventually(async () => expect(await channelsOf(`${target.queue} (publish)`)).toBe(1), { what: 'one channel' })
  })

  async function channelsOf(connection: string): Promise<number> {
    const lines = (await server.control?.ctl('list_connections', 'channels', 'client_properties')) ?? ''
    return Number.parseInt(lines.split('\n').find((line) => line.includes(connection)) ?? '', 10)
  }
})

/** Publishes one message with these properties and hands its delivery back. */
async function handBackOne(target: RabbitmqCase, broker: Broker, properties: object): Promise<Delivery> {
  const delivery = await published(target, broker, properties)
  expect(await delivery.handBack(note)).toBe(true)
  return delivery
}

/** Publishes one message with these properties, and takes it. */
async function published(target: RabbitmqCase, broker: Broker, properties: object): Promise<Delivery> {
  await withChannel(server.url, async (channel) => {
    channel.sendToQueue(target.queue, Buffer.from('x'), { persistent: true, messageId: 'one', ...properties })
  })
  return takeOne(broker, 'queue')
}

/** Each puts the message back: that counts towards the delivery limit on every version, which a `nack` does not do from RabbitMQ 4.3 on. */
async function rejectTimes(times: number, queue: string): Promise<void> {
  await withChannel(server.url, async (channel) => {
    for (let time = 0; time < times; time++) {
      await eventually(
        async () => {
          const message = await channel.get(queue)
          if (message !== false) channel.reject(message, true)
          return message !== false
        },
        { what: 'the message' },
      )
    }
  })
}

/** The first delivery from there; its subscription takes no second one. */
async function takeOne(broker: Broker, source: 'queue' | 'handBack'): Promise<Delivery> {
  const taken: Delivery[] = []
  const sink = { onDelivery: (delivery: Delivery) => void taken.push(delivery), onLink: () => {} }
  await broker.subscribe({ ...streaming, source, permits: 1 }, sink)
  await eventually(() => taken.length > 0, { what: `a delivery from ${source}` })
  const [first] = taken
  if (first === undefined) throw new Error('nothing taken')
  return first
}

/** The message is in the main queue again, marked as dead there; given away it reaches the queue's own dead-letter target. */
async function comesBackDead(target: RabbitmqCase, broker: Broker): Promise<void> {
  const back = await takeOne(broker, 'queue')
  expect(back.passage).toEqual({ handedBack: undefined, dead: true, retried: undefined })
  expect(back.deadLetter()).toBe(true)
  await eventually(async () => expect(await target.helper.ready(target.deadLetters)).toBe(1), { what: 'a dead letter' })
}
