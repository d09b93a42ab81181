import { describe, expect, it } from 'vitest'
import { parsePolicy } from '../../../src/core/policy/parse-policy.ts'
import { unsupported } from '../../../src/core/policy/unsupported.ts'

function complaintsAbout(file: unknown): readonly string[] {
  const parsed = parsePolicy(file)
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems))
  return unsupported(parsed.policy)
}

function metric(fields: object) {
  return { analysis: { metrics: [fields] } }
}

function external(provider: object) {
  return metric({ name: 'logs', provider, thresholdRange: { max: 1 } })
}

const age = metric({ name: 'age', measure: 'oldestAge', thresholdRange: { max: '1m' } })

describe('this release', () => {
  it.each([
    [{}],
    [{ extends: 'careful', onFailure: 'stepBack', limits: { maxReceiveCount: 1 } }],
    [{ strategy: 'blueGreen' }],
    [{ ramp: {} }],
    [{ tests: [{ given: {}, expect: {} }] }],
    [metric({ name: 'failures' })],
    [metric({ name: 'latency' })],
    [metric({ name: 'novel-errors' })],
    [metric({ name: 'failure-ceiling', measure: 'backlog', thresholdRange: { max: 5 } })],
    [external({ prometheus: { address: 'http://prometheus:9090', query: 'up' } })],
    [external({ http: { url: 'http://figures/orders', jsonPath: '$.value' } })],
  ])('runs %j', (file) => {
    expect(complaintsAbout(file)).toStrictEqual([])
  })

  it.each([
    [{ strategy: 'rolling' }, 'strategy: rolling is not in this release; use canary or blueGreen'],
    ...['datadog', 'cloudwatch'].map((kind): [object, string] => [
      external({ [kind]: {} }),
      `analysis.metrics[0] (logs): the provider ${kind} is not in this release; use prometheus or http`,
    ]),
    [age, 'analysis.metrics[0] (age): neither RabbitMQ nor SQS tells the age of the oldest message'],
    [{ webhooks: [{ name: 'a', type: 'event', url: 'http://a' }] }, 'webhooks: they are not in this release'],
    [{ aliases: [{ postgres: {} }] }, 'aliases: they are not in this release'],
  ])('refuses %j', (file, complaint) => {
    expect(complaintsAbout(file)).toStrictEqual([complaint])
  })
})
