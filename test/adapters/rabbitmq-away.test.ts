import { describe, expect, it } from 'vitest'
import { rabbitmqBroker } from '../../adapters/brokers/rabbitmq/index.ts'
import type { LinkState } from '../../src/contracts/broker.ts'
import { eventually } from '../support/eventually.ts'
import { useTeardown } from '../support/teardown.ts'
import { logs } from '../worker/support/logs.ts'

/** Nothing listens there: connections are refused at once. */
const url = 'amqp://app:s3cret@127.0.0.1:9'

describe('a broker that was never there', () => {
  const teardown = useTeardown()

  it('is said to be away once, with the reason at the sink, and without a secret', async () => {
    const log = logs()
    const broker = teardown.add(rabbitmqBroker({ url, queue: 'orders', handBack: { kind: 'off' }, log }), (opened) =>
      opened.close(),
    )
    const told: (readonly [LinkState, string | undefined])[] = []
    await broker.subscribe(
      { source: 'queue', precedence: 'normal', maxUnsettled: 1, permits: Infinity },
      { onDelivery: () => {}, onLink: (state, reason) => void told.push([state, reason]) },
    )
    const tries = async () => {
      for (let n = 0; n < 4; n++) await broker.inspect().catch(() => {})
    }
    await eventually(() => told.length > 1, { what: 'the reason' })
    await tries()
    expect(told).toEqual([
      ['connecting', undefined],
      ['connecting', expect.stringContaining('127.0.0.1:9/ is not reachable: ')],
    ])
    const warnings = log.lines.filter(({ level }) => level === 'warn')
    expect(warnings.map(({ text, fields }) => [text, fields])).toEqual([
      ['RabbitMQ cannot be reached; it is tried again and again', expect.objectContaining({ server: '127.0.0.1:9/' })],
      ['RabbitMQ cannot be reached; it is tried again and again', expect.objectContaining({ server: '127.0.0.1:9/' })],
    ])
    expect(log.text).not.toContain('s3cret')
  })
})
