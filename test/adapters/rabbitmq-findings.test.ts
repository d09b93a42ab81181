import { describe, expect, it } from 'vitest'
import { factsIn } from '../../adapters/brokers/rabbitmq/management.ts'
import { differenceIn } from '../../adapters/brokers/rabbitmq/queue-arguments.ts'
import type { QueueArguments } from '../../adapters/brokers/rabbitmq/queue-arguments.ts'
import {
  expiryFindings,
  limitFindings,
  mostReturns,
  queueFindings,
} from '../../adapters/brokers/rabbitmq/queue-findings.ts'
import { returnLimit } from '../../src/worker/settle.ts'

const refused = (text: string) =>
  Object.assign(
    new Error(`Operation failed: QueueDeclare; 406 (PRECONDITION-FAILED) with message "PRECONDITION_FAILED - ${text}"`),
    {
      code: 406,
    },
  )

const plain: QueueArguments = {
  durable: true,
  autoDelete: false,
  type: 'classic',
  others: { 'x-dead-letter-exchange': 'dlx' },
}
const blank = {
  deadLetterExchange: undefined,
  deliveryLimit: undefined,
  policyExpires: undefined,
  exclusiveConsumer: false,
}

describe('difference in a refused declaration', () => {
  it.each([
    [`inequivalent arg 'durable' for queue 'q' in vhost '/': received 'true' but current is 'false'`, 'durable', false],
    [
      `inequivalent arg 'x-message-ttl' for queue 'q' in vhost '/': received none but current is the value '60000' of type 'signedint'`,
      'x-message-ttl',
      60_000,
    ],
    [
      `inequivalent arg 'x-dead-letter-routing-key' for queue 'q' in vhost '/': received none but current is the value '42' of type 'longstr'`,
      'x-dead-letter-routing-key',
      '42',
    ],
    [
      `inequivalent arg 'x-dead-letter-exchange' for queue 'q' in vhost '/': received none but current is the value '' of type 'longstr'`,
      'x-dead-letter-exchange',
      '',
    ],
    [
      `inequivalent arg 'x-single-active-consumer' for queue 'q' in vhost '/': received none but current is the value 'true' of type 'bool'`,
      'x-single-active-consumer',
      true,
    ],
    [
      `inequivalent arg 'x-queue-type' for queue 'q' in vhost '/': received 'queue-canary-probe' but current is 'quorum'`,
      'x-queue-type',
      'quorum',
    ],
    [
      `inequivalent arg 'x-queue-type' for queue 'it''s but current is none' in vhost '/': received the value 'p' of type 'longstr' but current is none`,
      'x-queue-type',
      undefined,
    ],
  ])('%s', (text, name, current) => {
    expect(differenceIn(refused(text))).toEqual({ name, current })
  })

  it('is none in other errors', () => {
    expect(
      differenceIn(refused(`invalid arg 'x-queue-type' for queue 'q' in vhost '/': "unsupported queue type"`)),
    ).toBeUndefined()
    expect(differenceIn(Object.assign(new Error('no queue'), { code: 404 }))).toBeUndefined()
    expect(differenceIn(undefined)).toBeUndefined()
  })
})

describe('findings', () => {
  it('are well for a durable queue with a dead-letter exchange', () => {
    expect(queueFindings(plain, undefined).map(({ level }) => level)).toEqual(['ok', 'ok', 'ok'])
  })

  it.each([
    ['a stream', { ...plain, type: 'stream' }, 'queue type', 'error'],
    [
      'single active consumer',
      { ...plain, others: { ...plain.others, 'x-single-active-consumer': true } },
      'single active consumer',
      'error',
    ],
    ['a transient queue', { ...plain, durable: false }, 'durability', 'warning'],
    ['auto-delete', { ...plain, autoDelete: true }, 'durability', 'warning'],
    ['no dead-letter exchange', { ...plain, others: {} }, 'dead-letter exchange', 'warning'],
  ])('warn of %s', (_, declared, subject, level) => {
    const finding = queueFindings(declared, undefined).find((one) => one.subject === subject)
    expect(finding).toMatchObject({ level, mend: expect.stringMatching(/./) })
  })

  it('name blueGreen as the only way for single active consumer', () => {
    const declared = { ...plain, others: { 'x-single-active-consumer': true } }
    expect(queueFindings(declared, undefined).some(({ mend }) => mend?.includes('blueGreen') === true)).toBe(true)
  })

  it('claim nothing that is not visible', () => {
    for (const declared of ['denied', undefined] as const) {
      expect(queueFindings(declared, undefined).map(({ level, found }) => `${level} ${found}`)).toEqual([
        expect.stringMatching(/^warning .*not visible/),
        expect.stringMatching(/^warning .*not visible/),
      ])
    }
  })

  it('see a dead-letter exchange that a policy sets', () => {
    const managed = { ...blank, deadLetterExchange: 'dlx' }
    expect(queueFindings({ ...plain, others: {} }, managed).every(({ level }) => level === 'ok')).toBe(true)
    expect(queueFindings({ ...plain, others: {} }, blank)).toContainEqual(
      expect.objectContaining({ subject: 'dead-letter exchange', found: 'none' }),
    )
  })

  it('know the limit that the queue was declared with', () => {
    const declared = { ...plain, type: 'quorum', others: { 'x-delivery-limit': 3 } }
    expect(limitFindings(declared, undefined, 4)).toMatchObject([{ level: 'warning', found: '3' }])
  })

  it.each([
    ['classic', undefined, 4, []],
    ['quorum', undefined, 4, [['ok', expect.stringContaining('20, unless')]]],
    ['quorum', undefined, 3, [['ok', expect.stringContaining('none, unless')]]],
    ['quorum', 2, 4, [['warning', '2']]],
    ['quorum', 10, 4, [['warning', '10']]],
    ['quorum', 11, 4, [['ok', '11']]],
    ['quorum', 50, 4, [['ok', '50']]],
    ['quorum', -1, 4, [['ok', 'none']]],
  ])('of a %s queue with limit %s on RabbitMQ %d', (type, deliveryLimit, major, expected) => {
    const managed = deliveryLimit === undefined ? undefined : { ...blank, deliveryLimit }
    expect(limitFindings({ ...plain, type }, managed, major).map(({ level, found }) => [level, found])).toEqual(
      expected,
    )
  })

  it('leave room for as many returns as a worker may make', () => {
    expect(mostReturns).toBe(returnLimit)
  })

  it.each([
    [undefined, []],
    [86_400_000, []],
    [5_000, [['warning', 'a policy ends queues that were not used for 5000 ms']]],
  ])('of a policy with expires %s', (policyExpires, expected) => {
    const findings = expiryFindings({ ...blank, policyExpires }, 'orders')
    expect(findings.map(({ level, found }) => [level, found])).toEqual(expected)
    for (const { mend } of findings) expect(mend).toContain('exclude "orders.queue-canary.*"')
  })
})

describe('management answer', () => {
  it('prefers arguments to policies', () => {
    const answer = {
      arguments: { 'x-dead-letter-exchange': 'own' },
      effective_policy_definition: { 'dead-letter-exchange': 'policy', 'delivery-limit': 7, expires: 9 },
      consumer_details: [{ exclusive: false }, { exclusive: true }],
    }
    expect(factsIn(answer)).toEqual({
      deadLetterExchange: 'own',
      deliveryLimit: 7,
      policyExpires: 9,
      exclusiveConsumer: true,
    })
    expect(factsIn({ arguments: {} })).toEqual(blank)
  })

  it.each([undefined, null, [], 'text', {}, { arguments: null }])('is not believed when it is %o', (answer) => {
    expect(factsIn(answer)).toBeUndefined()
  })
})
