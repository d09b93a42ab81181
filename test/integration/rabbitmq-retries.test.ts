import { randomUUID } from 'node:crypto'
import { connect } from 'amqplib'
import { describe, expect, it } from 'vitest'
import { RetryQueues } from '../../adapters/brokers/rabbitmq/retry-queues.ts'
import { retryQueueName } from '../../adapters/brokers/rabbitmq/retry-queue-names.ts'
import { realClock } from '../../adapters/brokers/rabbitmq/timing.ts'
import type { Broker, Delivery, RetryNote } from '../../src/contracts/broker.ts'
import { isQueueCanaryError } from '../../src/errors.ts'
import { eventually, remains } from '../support/eventually.ts'
import { testServer, variant } from '../support/rabbitmq.ts'
import { openCase, streaming } from '../support/rabbitmq-case.ts'
import type { RabbitmqCase } from '../support/rabbitmq-case.ts'
import { withChannel } from '../support/rabbitmq-target.ts'
import { useTeardown } from '../support/teardown.ts'

const server = testServer()
const note: RetryNote = {
  attempts: 1,
  version: 'v1',
  reason: 'failed',
  error: undefined,
  delayMs: 1_000,
  waits: 0,
  dead: false,
}

describe('a delay queue', () => {
  const teardown = useTeardown()

  it.each(['classic', 'quorum'] as const)('keeps every property of a message of a %s queue', async (type) => {
    const target = await openCase(server, teardown, type)
    const properties = {
      messageId: 'one',
      contentType: 'a/b',
      contentEncoding: 'gzip',
      correlationId: 'c',
      replyTo: 'r',
      timestamp: 1_700_000_000,
      type: 't',
      appId: 'app',
      userId: 'guest',
      priority: 3,
    }
    const headers = {
      tenant: 'a',
      CC: [target.deadLetters],
      'x-death': [{ queue: 'old', reason: 'rejected', count: 1 }],
    }
    await withChannel(server.url, async (channel) => {
      channel.sendToQueue(target.queue, Buffer.from('x'), { ...properties, headers, persistent: true })
    })
    const broker = target.broker()
    const before = await takeOne(broker)
    expect(await before.retryLater(note)).toBe(true)
    const delivery = await takeOne(broker)
    expect(delivery.message).toMatchObject({ id: 'one', headers: before.message.headers })
    expect(delivery.message.headers).toMatchObject({ tenant: 'a', CC: [target.deadLetters] })
    delivery.requeue()
    await broker.close()
    expect(await target.helper.ready(target.deadLetters), 'the copy that the publisher sent').toBe(1)
    await withChannel(server.url, async (channel) => {
      const raw = await channel.get(target.queue, { noAck: true })
      expect(raw === false ? raw : raw.properties).toMatchObject({ ...properties, deliveryMode: 2 })
    })
  })

  it('lives while it is used, and gives its messages back before it ends by itself', async () => {
    const target = await openCase(server, teardown, 'quorum')
    const [lifeMs, seconds] = [2_500, 1]
    const queues = new RetryQueues({ server: 'test', queue: target.queue, clock: realClock, lifeMs })
    const name = retryQueueName(target.queue, seconds)
    const connection = teardown.add(await connect(server.url), (opened) => opened.close())
    const channel = await connection.createConfirmChannel()
    let sent = 0
    const until = performance.now() + 4 * (lifeMs + seconds * 1_000)
    while (performance.now() < until) {
      await queues.prepare(connection, seconds)
      channel.sendToQueue(name, Buffer.from('x'), { persistent: true, mandatory: true, messageId: String(sent++) })
      await channel.waitForConfirms()
      await realClock.sleep(20)
    }
    expect(sent).toBeGreaterThan(100)
    await eventually(async () => expect(await target.helper.ready(target.queue)).toBe(sent), { what: 'all of them' })
    await eventually(async () => (await target.helper.ready(name)) === undefined, {
      what: 'the delay queue is gone',
      deadlineMs: 30_000,
    })
  })

  it.each([
    [0.04, 0, true],
    [0.04, 100, true],
    [0.06, 100, false],
  ])(
    'is asked by some of many workers while a message waits: chance %f, %i consumers',
    async (chance, consumers, asks) => {
      const target = await openCase(server, teardown, 'quorum')
      const connection = teardown.add(await connect(server.url), (opened) => opened.close())
      const channel = await connection.createConfirmChannel()
      for (let consumer = 0; consumer < consumers; consumer++) await channel.consume(target.queue, () => {})
      const settings = { server: 'test', queue: target.queue, clock: realClock, random: () => chance }
      const name = retryQueueName(target.queue, 512)
      await new RetryQueues(settings).prepare(connection, 512)
      channel.sendToQueue(name, Buffer.from('x'), { persistent: true })
      await channel.waitForConfirms()
      await new RetryQueues(settings).prepare(connection, 512)
      expect(await channel.get(name)).toMatchObject({ fields: { redelivered: asks } })
    },
  )

  it('is not said to be missing when the main queue is', async () => {
    const target = await openCase(server, teardown, 'classic')
    const connection = teardown.add(await connect(server.url), (opened) => opened.close())
    const settings = { server: 'test', queue: target.queue, clock: realClock }
    await new RetryQueues(settings).prepare(connection, 512)
    await target.helper.publish(retryQueueName(target.queue, 512), [{ id: 'one', body: Buffer.from('x') }])
    await target.helper.delete(target.queue)
    await expect(new RetryQueues(settings).prepare(connection, 512)).rejects.toMatchObject({
      code: 'QUEUE_MISSING',
      message: expect.stringContaining(`"${target.queue}"`),
    })
  })

  it('is made anew when somebody deletes it', async () => {
    const target = await openCase(server, teardown, 'classic')
    const broker = target.broker()
    await target.publish(1)
    expect(await (await takeOne(broker)).retryLater(note)).toBe(true)
    const delivery = await takeOne(broker)
    await target.helper.delete(retryQueueName(target.queue, 1))
    const failure = await failureOf(delivery.retryLater(note))
    expect(isQueueCanaryError(failure, 'RETRY_FAILED')).toBe(true)
    expect(await delivery.retryLater(note)).toBe(true)
    expect((await takeOne(broker)).ack()).toBe(true)
  })

  it('of other arguments is refused, and not used', async () => {
    const target = await openCase(server, teardown, 'classic')
    const name = retryQueueName(target.queue, 1)
    await withChannel(server.url, async (channel) => void (await channel.assertQueue(name, { durable: true })))
    await target.publish(1)
    const failure = await failureOf((await takeOne(target.broker())).retryLater(note))
    expect(isQueueCanaryError(failure, 'BROKER_REFUSED')).toBe(true)
    expect(String(failure)).toContain('exists with other arguments than a delay queue of 1 s needs')
    expect(await target.helper.ready(name)).toBe(0)
  })
})

describe.skipIf(server.control === undefined)('a user without the right to declare delay queues', () => {
  const teardown = useTeardown({ deadlineMs: 60_000 })

  it('is refused, keeps the message, and is told by doctor', async () => {
    const target = await openCase(server, teardown, 'quorum')
    const broker = target.broker({ url: await restricted(target), handBack: { kind: 'off' } })
    await target.publish(1)
    const delivery = await takeOne(broker)
    const failure = await failureOf(delivery.retryLater(note))
    expect(isQueueCanaryError(failure, 'BROKER_REFUSED')).toBe(true)
    expect(await broker.diagnose()).toContainEqual(expect.objectContaining({ level: 'warning', subject: 'retries' }))
    expect(delivery.ack()).toBe(true)
  })

  it('uses those that the operator declared', async () => {
    const target = await openCase(server, teardown, 'quorum')
    const queues = new RetryQueues({ server: 'test', queue: target.queue, clock: realClock })
    await withChannel(server.url, async (channel) => {
      const { 'x-expires': _never, ...args } = queues.arguments(1, 'quorum')
      await channel.assertQueue(queues.name(1), { durable: true, arguments: args })
    })
    const broker = target.broker({ url: await restricted(target), handBack: { kind: 'off' } })
    await target.publish(1)
    expect(await (await takeOne(broker)).retryLater(note)).toBe(true)
    const back = await takeOne(broker)
    expect(back.passage.retried?.attempts).toBe(1)
    expect(back.ack()).toBe(true)
    expect(await broker.diagnose()).toContainEqual(
      expect.objectContaining({ subject: 'retries', level: 'ok', found: expect.stringContaining('exist') }),
    )
  })

  it('or to publish at all keeps its messages too', async () => {
    const target = await openCase(server, teardown, 'classic')
    const broker = target.broker({ url: await user({ configure: '.*', write: '^$', read: '.*' }) })
    await target.publish(1)
    const delivery = await takeOne(broker)
    for (const attempt of [() => delivery.retryLater(note), () => delivery.handBack({ ...note, deliveryCount: 0 })]) {
      expect(await failureOf(attempt())).toMatchObject({ code: 'BROKER_REFUSED' })
    }
    await remains(async () => (await target.helper.ready(target.queue)) === 0, { what: 'it is held' })
    expect(delivery.ack()).toBe(true)
  })

  const restricted = (target: RabbitmqCase): Promise<string> =>
    user({ configure: '^$', write: 'amq.default', read: `^${target.queue}(\\.queue-canary\\.retry\\..*)?$` })

  async function user(rights: { configure: string; write: string; read: string }): Promise<string> {
    const [name, password] = [`user-${randomUUID()}`, randomUUID()]
    await server.control?.setUser(name, password, rights)
    return variant(server.url, { user: name, password })
  }
})

/** The first delivery; its subscription takes no second one. */
async function takeOne(broker: Broker): Promise<Delivery> {
  const taken: Delivery[] = []
  const sink = { onDelivery: (delivery: Delivery) => void taken.push(delivery), onLink: () => {} }
  await broker.subscribe({ ...streaming, permits: 1 }, sink)
  await eventually(() => taken.length > 0, { what: 'a delivery' })
  const [first] = taken
  if (first === undefined) throw new Error('nothing taken')
  return first
}

function failureOf(work: Promise<unknown>): Promise<unknown> {
  return work.then(
    () => undefined,
    (error: unknown) => error,
  )
}
