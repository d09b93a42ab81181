import { expect, test } from 'vitest'
import { memoryServer } from '../../adapters/memory.ts'
import type { MemoryServer, QueueOptions } from '../../adapters/memory.ts'
import type { Delivery, SubscribeRequest } from '../../src/contracts/broker.ts'
import { manualClock } from '../support/manual-clock.ts'
import type { ManualClock } from '../support/manual-clock.ts'

interface World {
  readonly server: MemoryServer
  readonly clock: ManualClock
  readonly publish: (...ids: string[]) => void
  /** Subscribes and returns the ids that arrive. */
  readonly consume: (react: (delivery: Delivery) => unknown, request?: Partial<SubscribeRequest>) => Promise<string[]>
}

function createWorld(options: QueueOptions = {}): World {
  const clock = manualClock()
  const server = memoryServer({ clock })
  server.declare('q', options)
  return {
    server,
    clock,
    publish: (...ids) => ids.forEach((id) => server.publish('q', { id, body: Buffer.from(id) })),
    consume: async (react, request = {}) => {
      const ids: string[] = []
      const full = { source: 'queue', precedence: 'normal', maxUnsettled: 10, permits: Infinity, ...request } as const
      const onDelivery = (delivery: Delivery): void => {
        ids.push(delivery.message.id)
        react(delivery)
      }
      await server.broker({ queue: 'q' }).subscribe(full, { onDelivery, onLink: () => {} })
      return ids
    },
  }
}

test('nothing is delivered within a call of publish, subscribe, permit or ack', async () => {
  const { clock, publish, server } = createWorld()
  const events: string[] = []
  const quietly = (name: string, action: () => unknown): void => {
    events.push(`${name} begins`)
    action()
    events.push(`${name} ends`)
  }
  const request = { source: 'queue', precedence: 'normal', maxUnsettled: 1, permits: 1 } as const
  const subscription = await server.broker({ queue: 'q' }).subscribe(request, {
    onLink: () => {},
    onDelivery(delivery) {
      events.push(delivery.message.id)
      if (delivery.message.id === 'a') quietly('permit', () => subscription.permit(3))
      quietly('ack', () => delivery.ack())
    },
  })
  quietly('publish', () => publish('a', 'b'))
  await clock.advance(0)
  const expected = [
    'publish begins',
    'publish ends',
    'a',
    'permit begins',
    'permit ends',
    'ack begins',
    'ack ends',
    'b',
    'ack begins',
    'ack ends',
  ]
  expect(events).toEqual(expected)
})

test('equals take turns', async () => {
  const { clock, publish, consume } = createWorld()
  const takers = [
    await consume((delivery) => delivery.ack()),
    await consume((delivery) => delivery.ack()),
    await consume((delivery) => delivery.ack()),
  ]
  publish('a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i')
  await clock.advance(0)
  expect(takers.map((ids) => ids.join(''))).toEqual(['adg', 'beh', 'cfi'])
})

test('a returned message is the next one again, in its old place', async () => {
  const { clock, publish, consume, server } = createWorld()
  publish('a', 'b', 'c', 'd')
  const held: Delivery[] = []
  const taken = await consume((delivery) => held.push(delivery), { permits: 3 })
  await clock.advance(0)
  held[2]?.requeue()
  held[0]?.requeue()
  held[1]?.ack()
  const next = await consume((delivery) => delivery.ack())
  await clock.advance(0)
  expect([taken, next]).toEqual([
    ['a', 'b', 'c'],
    ['a', 'c', 'd'],
  ])
  expect(server.depth('q')).toBe(0)
})

test.each([
  ['counted, to the dead letters', { deliveryLimit: 2, deadLetterTo: 'dead' }, [0, 1, 2], 1],
  ['counted, dropped', { deliveryLimit: 2 }, [0, 1, 2], 0],
  ['not counted', { countsDeliveries: false, deliveryLimit: 2, deadLetterTo: 'dead' }, [0, 0, 0, 0, 0], 0],
] as const)('a message that is returned again and again: %s', async (_, options, counts, dead) => {
  const { clock, publish, consume, server } = createWorld(options)
  server.declare('dead')
  publish('poison')
  const seen: number[] = []
  const returning = await consume(
    (delivery) => {
      seen.push(delivery.message.deliveryCount)
      delivery.requeue()
    },
    { permits: 5 },
  )
  await clock.advance(0)
  expect(returning.length).toBe(counts.length)
  expect(seen.slice(0, counts.length)).toEqual(counts)
  expect(server.depth('dead')).toBe(dead)
})

test('a cut and a close each count as a return', async () => {
  const { clock, publish, server } = createWorld()
  publish('a')
  const seen: [number, boolean][] = []
  const sink = {
    onDelivery: ({ message }: Delivery) => void seen.push([message.deliveryCount, message.redelivered]),
    onLink: () => {},
  }
  const request = { source: 'queue', precedence: 'normal', maxUnsettled: 1, permits: Infinity } as const
  const subscription = await server.broker({ queue: 'q' }).subscribe(request, sink)
  await clock.advance(0)
  server.cutLinks()
  await clock.advance(0)
  await subscription.close()
  await server.broker({ queue: 'q' }).subscribe(request, sink)
  await clock.advance(0)
  expect(seen).toEqual([
    [0, false],
    [1, true],
    [2, true],
  ])
})

test('a message expires at the head of the queue, at its time', async () => {
  const { clock, server, consume } = createWorld({ deadLetterTo: 'dead' })
  server.declare('dead')
  server.publish('q', { id: 'brief', body: Buffer.from(''), ttlMs: 1_000 })
  server.publish('q', { id: 'briefer', body: Buffer.from(''), ttlMs: 10 })
  server.publish('q', { id: 'lasting', body: Buffer.from('') })
  await clock.advance(999)
  expect([server.depth('q'), server.depth('dead')]).toEqual([3, 0])
  await clock.advance(1)
  expect([server.depth('q'), server.depth('dead')]).toEqual([1, 2])
  expect(server.drain('dead').map(({ id, ttlMs }) => [id, ttlMs])).toEqual([
    ['brief', undefined],
    ['briefer', undefined],
  ])
  const ids = await consume((delivery) => delivery.ack())
  await clock.advance(0)
  expect(ids).toEqual(['lasting'])
  server.close()
  expect(clock.sleeping).toBe(0)
})

test('what a consumer or publisher does to its copy is not seen by anybody else', async () => {
  const { clock, server, consume } = createWorld()
  const body = Buffer.from('whole')
  const headers = { nested: { value: 1 } }
  server.publish('q', { id: 'a', body, headers })
  body.fill(0)
  headers.nested.value = 2
  const seen: unknown[] = []
  await consume(
    (delivery) => {
      const { message } = delivery
      seen.push([Buffer.from(message.body).toString(), structuredClone(message.headers)])
      message.body.fill(0)
      Object.assign(message.headers['nested'] as object, { value: 3 })
      delivery.requeue()
    },
    { permits: 2 },
  )
  await clock.advance(0)
  expect(seen).toEqual([
    ['whole', { nested: { value: 1 } }],
    ['whole', { nested: { value: 1 } }],
  ])
})

test('the oldest age is that of the message at the head', async () => {
  const { clock, publish, server } = createWorld()
  const broker = server.broker({ queue: 'q' })
  expect((await broker.inspect()).oldestAgeMs).toBeUndefined()
  publish('a')
  await clock.advance(70)
  publish('b')
  await clock.advance(30)
  expect(await broker.inspect()).toEqual({ backlog: 2, handBackBacklog: 0, consumers: 0, oldestAgeMs: 100 })
})
