import { SQSClient } from '@aws-sdk/client-sqs'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parseQueueUrl, readQueueUrl, readSibling } from '../../adapters/brokers/sqs/address.ts'
import { handBackCopy, putOffCopy } from '../../adapters/brokers/sqs/copy.ts'
import { brokerError, linkStateOf } from '../../adapters/brokers/sqs/failures.ts'
import { queueFindings } from '../../adapters/brokers/sqs/findings.ts'
import { readMessage } from '../../adapters/brokers/sqs/message.ts'
import { noteAttribute, readNote, writeNote } from '../../adapters/brokers/sqs/note.ts'
import type { Attributes } from '../../adapters/brokers/sqs/note.ts'
import { parkSeconds, returnSeconds } from '../../adapters/brokers/sqs/pauses.ts'
import { readSettings } from '../../adapters/brokers/sqs/queue-settings.ts'

const orders = 'https://sqs.eu-west-1.amazonaws.com/123456789012/orders'

describe('the URL of a queue', () => {
  it.each([
    [orders, 'orders', 'eu-west-1', false],
    [`${orders}.fifo`, 'orders.fifo', 'eu-west-1', true],
    ['https://eu-west-1.queue.amazonaws.com/123456789012/orders', 'orders', 'eu-west-1', false],
    ['https://sqs-fips.us-gov-west-1.amazonaws.com/1/orders', 'orders', 'us-gov-west-1', false],
    ['https://vpce-1.sqs.eu-central-1.vpce.amazonaws.com/1/orders', 'orders', 'eu-central-1', false],
    ['http://localhost:4566/000000000000/orders?region=eu-west-3', 'orders', 'eu-west-3', false],
    ['http://sqs.us-east-1.localhost:4566/000000000000/orders', 'orders', 'us-east-1', false],
    ['http://localhost:9324/queue/orders', 'orders', undefined, false],
  ])('%s', (url, name, region, isFifo) => {
    const { url: queue, endpoint, ...rest } = parseQueueUrl(url)
    expect(rest).toEqual({ name, region, isFifo })
    expect(queue).toBe(url.replace(/\?.*/, ''))
    expect(queue.startsWith(`${endpoint}/`)).toBe(true)
  })

  it.each([
    '',
    'orders',
    'ftp://sqs.eu-west-1.amazonaws.com/1/orders',
    'https://sqs.eu-west-1.amazonaws.com/orders',
    'https://key:secret@sqs.eu-west-1.amazonaws.com/1/orders',
    `${orders}?wait=20`,
    `${orders}?region=`,
    `${orders}#x`,
    `${orders}/`,
    `${orders}.fifo.fifo`,
    `https://sqs.eu-west-1.amazonaws.com/1/${'o'.repeat(81)}`,
  ])('is not %s', (url) => {
    expect(readQueueUrl(url)).toBeUndefined()
  })

  it('never shows the URL in its error', () => {
    expect(() => parseQueueUrl('https://key:HUNTER2@h/1/orders')).toThrow(/expected https:\/\/sqs/)
    expect(() => parseQueueUrl('https://key:HUNTER2@h/1/orders')).not.toThrow(/HUNTER2/)
  })

  it('finds a neighbour by its name, and any queue by its URL', () => {
    const main = parseQueueUrl(`${orders}?region=eu-west-1`)
    expect(readSibling('back', main)).toMatchObject({ url: orders.replace('orders', 'back'), region: 'eu-west-1' })
    expect(readSibling('http://h/1/back.fifo', main)).toMatchObject({ url: 'http://h/1/back.fifo', isFifo: true })
    expect(readSibling('a b', main)).toBeUndefined()
  })
})

describe('the attributes of a queue', () => {
  const policy = '{"deadLetterTargetArn":"arn:aws:sqs:eu-west-1:123456789012:orders-dead","maxReceiveCount":"5"}'

  it.each([
    [{}, { visibilityS: 30, redrive: undefined, backlog: 0 }],
    [
      { VisibilityTimeout: '0', ApproximateNumberOfMessages: '7' },
      { visibilityS: 30, redrive: undefined, backlog: 7 },
    ],
    [
      { VisibilityTimeout: '60', RedrivePolicy: policy },
      { visibilityS: 60, redrive: { deadLetterQueue: 'orders-dead', maxReceiveCount: 5 }, backlog: 0 },
    ],
    [{ RedrivePolicy: '{' }, { visibilityS: 30, redrive: undefined, backlog: 0 }],
    [{ RedrivePolicy: '{"maxReceiveCount":3}' }, { visibilityS: 30, redrive: undefined, backlog: 0 }],
    [{ RedrivePolicy: 'null' }, { visibilityS: 30, redrive: undefined, backlog: 0 }],
  ])('%j', (attributes, expected) => {
    expect(readSettings(attributes)).toEqual(expected)
  })

  it.each([
    [{ VisibilityTimeout: '5' }, 'visibility timeout'],
    [{}, 'redrive policy'],
    [{ RedrivePolicy: policy.replace('"5"', '2') }, 'redrive policy'],
  ])('doctor warns of %j', (attributes, subject) => {
    const findings = queueFindings(readSettings(attributes), { isFifo: false })
    expect(findings.find((finding) => finding.subject === subject)).toMatchObject({ level: 'warning' })
  })
})

const value = fc.oneof(
  fc.string({ minLength: 1 }).map((text) => ({ DataType: 'String', StringValue: text })),
  fc.integer().map((number) => ({ DataType: 'Number.int', StringValue: String(number) })),
  fc.uint8Array({ minLength: 1 }).map((bytes) => ({ DataType: 'Binary', BinaryValue: bytes })),
)
const someAttributes: fc.Arbitrary<Attributes> = fc.dictionary(fc.stringMatching(/^[a-z][\w.-]{0,20}$/), value, {
  maxKeys: 10,
  noNullPrototype: true,
})

describe('the note of a hand-back', () => {
  const note = {
    handedBack: { version: 'v2', reason: 'failed', deliveryCount: 3 },
    putOff: undefined,
    id: 'm-1',
    sentAt: 1_700_000_000_000,
  } as const

  const anyReason = fc.constantFrom('failed', 'timedOut', 'returned', 'unaccepted')

  it('travels beside whatever the publisher wrote, in no more than ten attributes, and comes back whole', () => {
    fc.assert(
      fc.property(someAttributes, anyReason, (attributes, reason) => {
        const told = { ...note, handedBack: { ...note.handedBack, reason } }
        const written = writeNote(attributes, told)
        expect(Object.keys(written).length).toBeLessThanOrEqual(10)
        const read = readNote(written)
        expect(read.note).toEqual(told)
        expect(plain(read.attributes)).toEqual(plain(attributes))
      }),
    )
  })

  it.each(['', '{', 'null', '[]', '{"version":"v2"}', '{"version":"v2","id":"m","reason":"bored"}'])(
    'what another wrote in its place is an attribute like any other: %s',
    (text) => {
      const attributes = { [noteAttribute]: { DataType: 'String', StringValue: text } }
      expect(readNote(attributes)).toEqual({ note: undefined, attributes })
    },
  )

  it('keeps id, time and attributes of a message that is handed back, also a second time', () => {
    const raw = {
      MessageId: 'm-1',
      ReceiptHandle: 'r',
      Body: 'ü',
      Attributes: { ApproximateReceiveCount: '4', SentTimestamp: '1700000000000', MessageGroupId: 'g' },
      MessageAttributes: { tenant: { DataType: 'String', StringValue: 'a' } },
    }
    const to = parseQueueUrl(`${orders}.fifo`)
    const copy = handBackCopy(readMessage(raw, { isFifo: true }), note.handedBack, to)
    expect(copy).toMatchObject({ MessageBody: 'ü', MessageGroupId: 'g', MessageDeduplicationId: 'm-1-4' })
    const again = { ...raw, MessageId: 'm-2', MessageAttributes: { ...copy.MessageAttributes } }
    const { message, passage } = readMessage(again, { isFifo: true })
    expect(message).toMatchObject({
      id: 'm-1',
      deliveryCount: 3,
      redelivered: true,
      group: 'g',
      headers: { tenant: 'a' },
    })
    expect(message.enqueuedAt?.getTime()).toBe(1_700_000_000_000)
    expect(passage.handedBack).toEqual(note.handedBack)
  })

  it('of a message that nobody accepts yet says how often it was put off; what it was delivered for that is no attempt', () => {
    const to = parseQueueUrl(orders)
    const raw = { MessageId: 'm-1', Body: 'b', Attributes: { ApproximateReceiveCount: '1' } }
    const putOff = { attempts: 2, waits: 3, version: 'v1' }
    const told = { ...putOff, reason: 'unaccepted', delayMs: 3_100, error: undefined, dead: false } as const
    const copy = putOffCopy(readMessage(raw, { isFifo: false }), told, to)
    expect(copy.DelaySeconds).toBe(4)
    const came = readMessage({ ...raw, MessageId: 'm-2', MessageAttributes: { ...copy.MessageAttributes } }, to)
    expect(came.message).toMatchObject({ id: 'm-1', redelivered: true, deliveryCount: 0, headers: {} })
    expect(came.passage).toEqual({ handedBack: undefined, dead: false, retried: { ...putOff, reason: 'unaccepted' } })
    const back = handBackCopy(came, { version: 'v2', reason: 'failed', deliveryCount: 0 }, to)
    const last = readMessage({ ...raw, MessageId: 'm-3', MessageAttributes: { ...back.MessageAttributes } }, to)
    expect(last.message.id).toBe('m-1')
    expect(last.passage).toMatchObject({ handedBack: { reason: 'failed' }, retried: { attempts: 2, waits: 3 } })
  })
})

function plain(attributes: Attributes): unknown {
  const entries = Object.entries(attributes).map(([name, { DataType, StringValue, BinaryValue }]) => {
    return [name, [DataType, StringValue, BinaryValue && Buffer.from(BinaryValue).toString('hex')]]
  })
  return Object.fromEntries(entries)
}

describe('a message as a handler sees it', () => {
  it.each([
    [{ DataType: 'String', StringValue: '12' }, '12'],
    [{ DataType: 'Number', StringValue: '12' }, 12],
    [{ DataType: 'Number.float', StringValue: '0.125' }, 0.125],
    [{ DataType: 'Number', StringValue: '12345678901234567890' }, '12345678901234567890'],
    [{ DataType: 'Number', StringValue: '1.0' }, '1.0'],
    [{ DataType: 'String.json', StringValue: '{}' }, '{}'],
    [{ DataType: 'Binary.png', BinaryValue: new Uint8Array([0, 255]) }, new Uint8Array([0, 255])],
  ])('has the attribute %j as %j', (attribute, expected) => {
    const { message } = readMessage({ MessageId: 'm', MessageAttributes: { it: attribute } }, { isFifo: false })
    expect(message.headers['it']).toEqual(expected)
  })

  it('has no group on a standard queue, whatever its fairness hint', () => {
    const raw = { MessageId: 'm', Attributes: { MessageGroupId: 'tenant-1' } }
    expect(readMessage(raw, { isFifo: false }).message.group).toBeUndefined()
  })
})

describe('a failure of the SDK', () => {
  const named = (name: string, status?: number): Error =>
    Object.assign(new Error('User: arn:aws:iam::1:user/secret is not authorized'), {
      name,
      $metadata: { httpStatusCode: status },
    })

  it.each([
    [named('QueueDoesNotExist', 400), 'QUEUE_MISSING', 'missing'],
    [named('AWS.SimpleQueueService.NonExistentQueue', 400), 'QUEUE_MISSING', 'missing'],
    [named('RequestThrottled', 403), 'BROKER_UNREACHABLE', 'connecting'],
    [named('ThrottlingException', 400), 'BROKER_UNREACHABLE', 'connecting'],
    [named('OverLimit', 403), 'BROKER_UNREACHABLE', 'connecting'],
    [named('KmsThrottled', 400), 'BROKER_UNREACHABLE', 'connecting'],
    [named('ServiceUnavailable', 503), 'BROKER_UNREACHABLE', 'connecting'],
    [named('InternalFailure', 500), 'BROKER_UNREACHABLE', 'connecting'],
    [named('TimeoutError'), 'BROKER_UNREACHABLE', 'connecting'],
    [
      Object.assign(new Error('connect ECONNREFUSED 10.0.0.1'), { code: 'ECONNREFUSED' }),
      'BROKER_UNREACHABLE',
      'connecting',
    ],
    [named('ExpiredTokenException', 403), 'BROKER_REFUSED', 'refused'],
    [named('CredentialsProviderError'), 'BROKER_REFUSED', 'refused'],
    [named('RequestTimeTooSkewed', 403), 'BROKER_REFUSED', 'refused'],
    [named('SignatureDoesNotMatch', 403), 'BROKER_REFUSED', 'refused'],
    [named('AccessDeniedException', 400), 'BROKER_REFUSED', 'refused'],
    [named('InvalidAddress', 404), 'BROKER_REFUSED', 'refused'],
    [withoutRegion(), 'BROKER_REFUSED', 'refused'],
    ['a text', 'BROKER_UNREACHABLE', 'connecting'],
  ])('%s is %s', (error, code, state) => {
    const failure = brokerError(error, { queue: 'orders', action: 'ReceiveMessage' })
    expect([failure.code, linkStateOf(failure)]).toEqual([code, state])
    expect(failure.message).toContain('"orders"')
    expect(failure.message).not.toMatch(/arn:|secret|10\.0\.0\.1/)
  })
})

describe('a queue without a region', () => {
  it('says where to give one', () => {
    expect(brokerError(withoutRegion(), { queue: 'orders', action: 'ReceiveMessage' }).message).toBe(
      'queue "orders" has no region: neither its URL nor the settings of AWS say one. Append ?region=REGION to the URL, or set AWS_REGION',
    )
  })
})

/** What the SDK itself says. */
function withoutRegion(): unknown {
  try {
    return new SQSClient({ region: '' })
  } catch (error) {
    return error
  }
}

describe('pauses of returned messages', () => {
  it('grow with the receives and are bounded', () => {
    expect([1, 2, 3, 4, 5, 9, 50].map(returnSeconds)).toEqual([0, 0, 0, 2, 4, 60, 60])
    expect([1, 2, 9, 10, 50].map(parkSeconds)).toEqual([2, 4, 512, 900, 900])
  })
})
