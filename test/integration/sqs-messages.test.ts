import { describe, expect, it } from 'vitest'
import { message, note } from '../contract/broker/stage.ts'
import { eventually } from '../support/eventually.ts'
import { useTeardown } from '../support/teardown.ts'
import { openSqsLab } from './support/sqs-lab.ts'

const teardown = useTeardown({ deadlineMs: 30_000 })

describe('messages that SQS carries (Q-15)', () => {
  it('with bodies of one character, of other alphabets and of almost 1 MiB arrive as they were', async () => {
    const { helper, queue, take } = await openSqsLab(teardown)
    const bodies = ['x', 'ü 漢字 \t\r\n "\\" <&>', 'q'.repeat(1_048_576 - 100)].map((text) => Buffer.from(text))
    for (const [index, body] of bodies.entries()) await helper.publish(queue, [message(`b-${index}`, { body })])
    const taker = await take({}, (delivery) => void delivery.ack())
    await taker.has(3)
    const received = taker.deliveries.map(({ message: { headers, body } }) => [headers['test-id'], Buffer.from(body)])
    expect(Object.fromEntries(received)).toEqual(Object.fromEntries(bodies.map((body, index) => [`b-${index}`, body])))
  })

  it.each([9, 10])(
    'with %d attributes of every type arrive as they were, also through a hand-back and as a dead letter',
    async (count) => {
      const lab = await openSqsLab(teardown)
      const own = { empty: ' ', number: -12.5, zero: 0, bytes: new Uint8Array([0, 255, 1]), unicode: 'ü 漢字' }
      const more = Array.from({ length: count - 6 }, (_, index) => [`more.${index}`, `value ${index}`] as const)
      const headers = { ...own, ...Object.fromEntries(more) }
      const handBackQueue = `${lab.queue}-back`
      await lab.helper.declare(handBackQueue)
      teardown.add(handBackQueue, (name) => lab.helper.delete(name))
      await lab.helper.publish(lab.queue, [message('odd', { headers })])

      const broker = lab.broker({ handBack: { kind: 'existing', queue: handBackQueue } })
      const taker = await lab.take({ permits: 1 }, () => {}, broker)
      await taker.has(1)
      expect(seen(taker.last.message.headers)).toEqual(seen({ ...headers, 'test-id': 'odd' }))
      expect(await taker.last.handBack(note)).toBe(true)

      const rescue = await lab.take({ source: 'handBack' }, (delivery) => void delivery.deadLetter(), broker)
      await rescue.has(1)
      expect(seen(rescue.last.message.headers)).toEqual(seen({ ...headers, 'test-id': 'odd' }))
      expect(rescue.last.message.id).toBe(taker.last.message.id)
      expect(rescue.last.passage.handedBack).toEqual(note)
      await eventually(async () => (await lab.helper.ready(lab.dead)) === 1, { what: 'the dead letter' })
      const [dead] = await lab.helper.drain(lab.dead)
      expect(seen(dead?.headers ?? {})).toEqual(seen({ ...headers, 'test-id': 'odd' }))
    },
  )
})

function seen(headers: Readonly<Record<string, unknown>>): unknown {
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name, value instanceof Uint8Array ? [...value] : value]),
  )
}
