import { expect } from 'vitest'
import type { Delivery } from '../../../src/contracts/broker.ts'
import { eventually, settles } from '../../support/eventually.ts'
import type { BrokerCase, Stage } from './stage.ts'
import { ackAtOnce, hold, message, messages, note } from './stage.ts'

/** Values that have broken encoders: names like prototype members, empty and long text, numbers at the edges of wire types. */
const oddHeaders = {
  text: 'ü 漢字 \u0000 \u{1f426}',
  empty: '',
  long: 'x'.repeat(10_000),
  constructor: 'not a function',
  'with space and "quotes"': true,
  yes: true,
  no: false,
  nothing: null,
  zero: 0,
  negative: -1,
  fraction: 0.125,
  byte: 200,
  word: 70_000,
  large: 2 ** 40,
  list: [1, 'two', false, [3]],
  table: { deep: { deeper: 'value' } },
} as const

export const factsCases: readonly BrokerCase[] = [
  {
    name: 'inspect: counts what is ready in both queues, not what is held',
    async run(stage) {
      const broker = await stage.connect()
      await broker.prepareHandBack()
      await stage.publish(messages(7))
      const taker = await stage.take(broker, { permits: 3, maxUnsettled: 3 }, hold)
      await taker.has(3)
      expect(await taker.at(0).handBack(note)).toBe(true)
      await eventually(async () => expect(await broker.inspect()).toMatchObject({ backlog: 4, handBackBacklog: 1 }), {
        what: 'the counts',
      })
      const facts = await broker.inspect()
      expect(facts.oldestAgeMs === undefined).toBe(!broker.capabilities.oldestAge)
      expect(facts.consumers ?? 0).toBeGreaterThanOrEqual(0)
    },
  },
  {
    name: 'inspect: does not take part in consuming',
    async run(stage) {
      const broker = await stage.connect()
      await stage.publish(messages(300))
      const taker = await stage.take(broker, { maxUnsettled: 5 }, ackAtOnce)
      await eventually(
        async () => {
          await broker.inspect()
          return taker.count >= 300
        },
        { what: 'deliveries beside inspect' },
      )
      await taker.has(300)
      await stage.hasReady(0)
    },
  },
  {
    name: 'diagnose: says what is well and what to mend, and changes nothing',
    async run(stage) {
      await stage.publish(messages(4))
      const broker = await stage.connect()
      const findings = await settles(broker.diagnose(), { what: 'a diagnosis', deadlineMs: 30_000 })
      expect(findings.length).toBeGreaterThan(0)
      for (const { level, subject, found, mend } of findings) {
        expect([subject, found].every((text) => text.length > 0)).toBe(true)
        expect({ subject, level, mends: (mend ?? '') !== '' }).toEqual({ subject, level, mends: level !== 'ok' })
      }
      expect(findings.filter(({ level }) => level === 'error')).toEqual([])
      await stage.hasReady(4)
    },
  },
  {
    name: 'bodies: empty, binary and large ones arrive as they were',
    async run(stage) {
      const bodies = [
        Buffer.alloc(0),
        Buffer.from(Array.from({ length: 512 }, (_, index) => index % 256)),
        Buffer.from([0xc3, 0x28, 0xff, 0xfe]),
        Buffer.alloc(1_048_576, 'queue'),
      ]
      await stage.publish(bodies.map((body, index) => message(`body-${index}`, { body })))
      const taker = await stage.take(await stage.connect(), {}, ackAtOnce)
      await taker.has(4)
      for (const { message: received } of taker.deliveries) {
        const sent = bodies[Number(received.id.slice(5))]
        expect([received.id, sent !== undefined && Buffer.from(received.body).equals(sent)]).toEqual([
          received.id,
          true,
        ])
      }
      await stage.hasReady(0)
    },
  },
  {
    name: 'headers: odd names and values arrive as they were, also through a hand-back',
    async run(stage) {
      const broker = await stage.connect()
      await broker.prepareHandBack()
      await stage.publish([message('odd', { headers: oddHeaders })])
      const taker = await stage.take(broker, { permits: 1 }, hold)
      await taker.has(1)
      expect(taker.last.message.headers).toMatchObject(oddHeaders)
      expect(await taker.last.handBack(note)).toBe(true)
      const rescue = await stage.take(broker, { source: 'handBack' }, ackAtOnce)
      await rescue.has(1)
      expect(rescue.last.message.headers).toMatchObject(oddHeaders)
    },
  },
]

/** `count` messages through two streaming subscriptions: each exactly once, none left. */
export function volumeCase(count: number): BrokerCase {
  return {
    name: 'volume: many messages through two streaming subscriptions, each once',
    run: (stage) => volume(stage, count),
  }
}

async function volume(stage: Stage, count: number): Promise<void> {
  let acked = 0
  const settle = (delivery: Delivery): void => void (delivery.ack() && acked++)
  const takers = [
    await stage.take(await stage.connect(), { maxUnsettled: 250 }, settle),
    await stage.take(await stage.connect(), { maxUnsettled: 250 }, (delivery) => void setImmediate(settle, delivery)),
  ]
  for (const taker of takers) await taker.isLinked('consuming')
  for (let sent = 0; sent < count; sent += 1_000) {
    await stage.publish(messages(Math.min(1_000, count - sent), `lot-${sent}`))
  }
  await eventually(() => acked >= count, { what: `${count} deliveries`, deadlineMs: 120_000 })
  for (const taker of takers) await taker.close()
  await stage.hasReady(0)
  const ids = takers.flatMap((taker) => taker.ids)
  expect(new Set(ids).size).toBe(count)
  expect(ids.length).toBe(count)
}
