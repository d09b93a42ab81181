import { randomUUID } from 'node:crypto'
import { connect } from 'amqplib'
import type { Options } from 'amqplib'
import { describe, expect, it } from 'vitest'
import { rabbitmqBroker } from '../../adapters/brokers/rabbitmq/index.ts'
import { readQueueArguments } from '../../adapters/brokers/rabbitmq/queue-arguments.ts'
import type { HandBackOption } from '../../adapters/brokers/rabbitmq/index.ts'
import type { Finding } from '../../src/contracts/broker.ts'
import { systemClock } from '../../src/worker/system-clock.ts'
import { testServer, variant } from '../support/rabbitmq.ts'
import type { UserRights } from '../support/rabbitmq.ts'
import { openHelper, withChannel } from '../support/rabbitmq-target.ts'
import { useTeardown } from '../support/teardown.ts'

const server = testServer()
const create: HandBackOption = { kind: 'create' }

describe('diagnose', () => {
  const teardown = useTeardown()

  async function declared(options: Options.AssertQueue): Promise<string> {
    const queue = `diagnose-${randomUUID()}`
    const helper = teardown.add(await openHelper(server.url), (opened) => opened.close())
    await withChannel(server.url, async (channel) => void (await channel.assertQueue(queue, options)))
    teardown.add(queue, () => helper.delete(queue))
    return queue
  }

  async function diagnose(queue: string, handBack = create, url = server.url): Promise<Map<string, Finding>> {
    const broker = teardown.add(rabbitmqBroker({ url, queue, handBack }), (opened) => opened.close())
    const findings = await broker.diagnose()
    expect(new Set(findings.map(({ subject }) => subject)).size, 'one finding a subject').toBe(findings.length)
    return new Map(findings.map((finding) => [finding.subject, finding]))
  }

  const dead = { 'x-dead-letter-exchange': '', 'x-dead-letter-routing-key': 'somewhere' }

  it.each([
    ['classic', { arguments: dead }],
    [
      'classic',
      {
        arguments: {
          ...dead,
          'x-max-priority': 5,
          'x-message-ttl': 60_000,
          'x-max-length': 1_000,
          'x-overflow': 'reject-publish',
        },
      },
    ],
    ['quorum', { arguments: { ...dead, 'x-queue-type': 'quorum', 'x-delivery-limit': 30 } }],
  ])('finds all well with a durable %s queue (%j), and leaves everything as it was', async (type, options) => {
    const queue = await declared(options)
    const found = await diagnose(queue)
    expect([...found.values()].filter(({ level }) => level !== 'ok')).toEqual([])
    expect(found.get('queue type')?.found).toBe(type)
    expect(found.get('connection')?.found).toContain(new URL(server.url).host)
    const helper = teardown.add(await openHelper(server.url), (opened) => opened.close())
    expect(await helper.ready(`${queue}.queue-canary.hand-back`), 'nothing is declared').toBeUndefined()
    await withChannel(server.url, async (channel) => void (await channel.assertQueue(queue, options)))
  })

  it.each([
    ['a stream', { arguments: { 'x-queue-type': 'stream' } }, 'queue type', 'error'],
    [
      'single active consumer, quorum',
      { arguments: { 'x-queue-type': 'quorum', 'x-single-active-consumer': true } },
      'single active consumer',
      'error',
    ],
    [
      'single active consumer, classic',
      { arguments: { 'x-single-active-consumer': true } },
      'single active consumer',
      'error',
    ],
    [
      'a low delivery limit',
      { arguments: { 'x-queue-type': 'quorum', 'x-delivery-limit': 2 } },
      'delivery limit',
      'warning',
    ],
    ['a transient queue', { durable: false }, 'durability', 'warning'],
    ['a queue without dead-letter exchange', {}, 'dead-letter exchange', 'warning'],
  ])('warns of %s', async (_, options, subject, level) => {
    expect((await diagnose(await declared(options))).get(subject)).toMatchObject({ level })
  })

  it('reads every argument, and creates no queue when there is none', async () => {
    const connection = teardown.add(await connect(server.url), (opened) => opened.close())
    const others = {
      'x-dead-letter-exchange': "it's 'odd'",
      'x-dead-letter-routing-key': '42',
      'x-max-length': 500,
      'x-overflow': 'reject-publish',
      'x-single-active-consumer': true,
      'x-delivery-limit': 9,
    }
    const queue = await declared({ arguments: { 'x-queue-type': 'quorum', ...others } })
    const expected = { durable: true, autoDelete: false, type: 'quorum', others }
    expect(await readQueueArguments(connection, systemClock(), queue)).toEqual(expected)
    const nowhere = `diagnose-${randomUUID()}`
    expect(await readQueueArguments(connection, systemClock(), nowhere)).toBeUndefined()
    for (const type of ['queue-canary-probe', 'quorum']) {
      const limits = { 'x-delivery-limit': 'queue-canary-probe', 'x-max-age': 'queue-canary-probe' }
      await withChannel(server.url, async (channel) => {
        await expect(channel.assertQueue(nowhere, { arguments: { 'x-queue-type': type, ...limits } })).rejects.toThrow(
          /invalid arg/,
        )
      })
    }
    const helper = teardown.add(await openHelper(server.url), (opened) => opened.close())
    expect(await helper.ready(nowhere)).toBeUndefined()
  })

  it('tells a missing queue from a missing server, and creates nothing', async () => {
    const queue = `diagnose-${randomUUID()}`
    expect((await diagnose(queue)).get('queue')).toMatchObject({ level: 'error' })
    const helper = teardown.add(await openHelper(server.url), (opened) => opened.close())
    expect(await helper.ready(queue)).toBeUndefined()
    const nobody = await diagnose(queue, create, 'amqp://user:s3cret@127.0.0.1:1')
    expect(nobody.get('connection')).toMatchObject({ level: 'error', found: expect.stringContaining('127.0.0.1:1') })
    expect(JSON.stringify([...nobody])).not.toContain('s3cret')
  })

  it('looks at a hand-back queue that the operator declared', async () => {
    const queue = await declared({ arguments: dead })
    const good = await declared({ arguments: { 'x-dead-letter-exchange': '', 'x-dead-letter-routing-key': queue } })
    const bad = await declared({})
    const of = async (name: string): Promise<Finding | undefined> =>
      (await diagnose(queue, { kind: 'existing', queue: name })).get('hand-back queue')
    expect(await of(good)).toMatchObject({ level: 'ok' })
    expect(await of(bad)).toMatchObject({ level: 'warning' })
    expect(await of('nowhere')).toMatchObject({ level: 'error' })
    expect((await diagnose(queue, { kind: 'off' })).get('hand-back queue')).toMatchObject({ level: 'ok' })
  })

  it.skipIf(server.control === undefined).each([
    ['nothing but to take messages', { configure: '^$', write: '^$' }, ['right to publish', 'hand-back queue']],
    ['to publish', { configure: '.*', write: '^$', read: '.*' }, ['right to publish']],
    ['to read it', { configure: '.*', write: '.*' }, ['hand-back queue']],
    ['all of it', { configure: '.*', write: '.*', read: '.*' }, []],
  ])('tries the rights on a hand-back queue that the operator declared: %s', async (_, rights, wrong) => {
    const queue = await declared({ arguments: dead })
    const own = await declared({ arguments: { 'x-dead-letter-exchange': '', 'x-dead-letter-routing-key': queue } })
    const url = await user({ read: `^${queue}$`, ...rights })
    const found = await diagnose(queue, { kind: 'existing', queue: own }, url)
    expect([...found.values()].filter(({ level }) => level === 'error').map(({ subject }) => subject)).toEqual(wrong)
  })

  it.skipIf(server.control === undefined)('tries the right to publish whatever is handed back', async () => {
    const queue = await declared({ arguments: dead })
    const url = await user({ configure: '.*', write: '^$', read: '.*' })
    const created = await diagnose(queue, create, url)
    expect(created.get('right to publish')).toMatchObject({
      level: 'error',
      mend: 'grant the user "write" on "amq.default"',
    })
    const off = await diagnose(queue, { kind: 'off' }, url)
    expect(off.get('right to publish')).toMatchObject({
      level: 'warning',
      found: expect.stringContaining('retries wait'),
    })
  })

  it.skipIf(server.control === undefined)(
    'tries the right to read a hand-back queue that was made before',
    async () => {
      const queue = await declared({ arguments: dead })
      const handBackQueue = `${queue}.queue-canary.hand-back`
      const helper = teardown.add(await openHelper(server.url), (opened) => opened.close())
      await helper.declare(handBackQueue, 'classic')
      teardown.add(handBackQueue, () => helper.delete(handBackQueue))
      const url = await user({ configure: '.*', write: '.*', read: `^${queue}$` })
      expect((await diagnose(queue, create, url)).get('hand-back queue')).toMatchObject({
        level: 'error',
        found: `"${handBackQueue}" may not be consumed`,
      })
    },
  )

  async function user(rights: UserRights): Promise<string> {
    const [name, password] = [`user-${randomUUID()}`, randomUUID()]
    await server.control?.setUser(name, password, rights)
    return variant(server.url, { user: name, password })
  }

  it('counts consumers', async () => {
    const queue = await declared({ arguments: dead })
    const helper = teardown.add(await openHelper(server.url), (opened) => opened.close())
    const broker = teardown.add(rabbitmqBroker({ url: server.url, queue, handBack: create }), (opened) =>
      opened.close(),
    )
    const linked = Promise.withResolvers<void>()
    const sink = { onDelivery: () => {}, onLink: (state: string) => void (state === 'consuming' && linked.resolve()) }
    await broker.subscribe(
      { source: 'queue', precedence: 'normal', maxUnsettled: 1, permits: Number.POSITIVE_INFINITY },
      sink,
    )
    await linked.promise
    expect((await diagnose(queue)).get('queue')?.found).toContain('1 consumer')
    expect(await helper.consumers(queue)).toBe(1)
  })
})
