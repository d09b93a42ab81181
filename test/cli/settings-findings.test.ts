import { describe, expect, it } from 'vitest'
import { settingsFindings } from '../../src/cli/settings-findings.ts'
import type { QueueSettings } from '../../src/cli/settings-findings.ts'

const minute = 60_000
const usual: QueueSettings = {
  name: 'orders',
  broker: { kind: 'rabbitmq', url: 'amqp://h' },
  concurrency: 10,
  prefetch: 20,
  handlerTimeoutMs: 30_000,
  maxAttempts: 5,
  retryDelayMs: 1_000,
}
const sqs: QueueSettings['broker'] = { kind: 'sqs', url: 'https://sqs.eu-west-1.amazonaws.com/1/orders' }

describe('how long a message may be held', () => {
  it.each([
    ['the usual settings', {}],
    ['retries that wait at the broker', { handlerTimeoutMs: 14 * minute, maxAttempts: 100 }],
    ['a slow handler without a prefetch', { handlerTimeoutMs: 29 * minute, prefetch: 10 }],
    ['a slow handler on SQS', { broker: sqs, handlerTimeoutMs: 5 * 60 * minute, maxAttempts: 100 }],
  ])('is no matter with %s', (_, some) => {
    expect(settingsFindings({ ...usual, ...some })).toEqual([])
  })

  it.each([
    ['one other goes before it', { handlerTimeoutMs: 15 * minute }, 'for 30m00s; the broker takes it back'],
    ['many are sent ahead', { handlerTimeoutMs: minute, prefetch: 391 }, 'for 40m00s'],
    ['the handler alone takes so long', { handlerTimeoutMs: 30 * minute, prefetch: 10 }, 'for 30m00s'],
    ['all its attempts follow at once', { handlerTimeoutMs: 5 * minute, retryDelayMs: 100 }, 'for 30m00s'],
    ['some of them do', { handlerTimeoutMs: 8 * minute, retryDelayMs: 300 }, 'for 32m00s'],
    ['SQS has a limit too', { broker: sqs, handlerTimeoutMs: 6 * 60 * minute }, 'for 12h00m; SQS gives it'],
  ])('is a warning where %s', (_, some, found) => {
    const mend = expect.stringContaining('lower HANDLER_TIMEOUT or PREFETCH')
    const warning = { level: 'warning', subject: 'queue orders', found: expect.stringContaining(found), mend }
    expect(settingsFindings({ ...usual, ...some })).toEqual([warning])
  })
})
