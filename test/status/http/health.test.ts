import { describe, expect, it } from 'vitest'
import type { ConsumerReport } from '../../../src/core/rollout/consumer-report.ts'
import { healthOf, readinessOf } from '../../../src/status/http/health.ts'
import type { HostedQueue } from '../../../src/status/http/health.ts'
import { buildReport } from '../../support/build-report.ts'

type Some = Partial<ConsumerReport>

function hosted(reports: readonly Some[], ended?: HostedQueue['ended']): HostedQueue {
  return { queue: 'orders', reports: reports.map((some) => buildReport({ capacity: 2, ...some })), ended }
}

describe('readiness', () => {
  it.each<[string, HostedQueue, boolean]>([
    ['that consumes', hosted([{ link: 'consuming' }]), true],
    ['that is warmed up, linked, and waits for a rollout', hosted([{ version: 'v2', link: 'idle' }]), true],
    ['that is warming up', hosted([{ state: 'starting' }]), false],
    ['that has no link', hosted([{ link: 'connecting' }]), false],
    ['whose queue is missing', hosted([{ link: 'missing', linkReason: 'no queue' }]), false],
    ['that drains', hosted([{ state: 'draining' }]), false],
    ['that has drained', hosted([{ state: 'drained' }]), false],
    ['that signs off', hosted([{ state: 'gone' }]), false],
    ['with a canary beside it that is not linked', hosted([{}, { version: 'v2', link: 'refused' }]), false],
    ['that is retired, with the new version beside it', hosted([{ state: 'gone' }, { version: 'v2' }]), true],
    ['whose worker has drained', hosted([{ state: 'gone' }], 'drained'), false],
    ['whose worker was stopped', hosted([{ state: 'gone' }], 'stopped'), false],
    ['whose worker has failed', hosted([{ state: 'gone' }], 'failed'), false],
    ['that is retired, and nothing else', hosted([{ state: 'gone' }], 'retired'), false],
  ])('of a consumer %s', (_, queue, ok) => {
    const found = readinessOf([queue])
    expect([found.ok, found.problems.length > 0]).toEqual([ok, !ok])
  })

  it('asks every queue, and forgets the ones that are retired', () => {
    const retired = { ...hosted([{ state: 'gone' }], 'retired'), queue: 'bills' }
    expect(readinessOf([hosted([{}]), retired])).toEqual({ ok: true, problems: [] })
    expect(readinessOf([hosted([{}]), { ...hosted([{ link: 'connecting' }]), queue: 'bills' }])).toEqual({
      ok: false,
      problems: ['queue bills, version v1: ready, link connecting'],
    })
  })

  it('of a process without consumers is missing', () => {
    expect(readinessOf([]).ok).toBe(false)
  })
})

describe('health', () => {
  it.each<[string, HostedQueue, boolean]>([
    ['that is starting', hosted([{ state: 'starting', link: 'connecting' }]), true],
    ['whose broker is away', hosted([{ link: 'missing' }]), true],
    ['that drains', hosted([{ state: 'draining' }]), true],
    ['with a slot that is left', hosted([{ stuck: 1 }]), true],
    ['with no slot that is left', hosted([{ stuck: 2 }]), false],
    ['that is gone, whatever it held', hosted([{ stuck: 2, state: 'gone' }]), true],
    ['with a canary beside it that is stuck', hosted([{}, { version: 'v2', stuck: 2 }]), true],
    ['that has failed', hosted([{ state: 'gone' }], 'failed'), false],
    ['that is retired', hosted([{ state: 'gone' }], 'retired'), true],
  ])('of a consumer %s', (_, queue, ok) => {
    const found = healthOf([queue])
    expect([found.ok, found.problems.length > 0]).toEqual([ok, !ok])
  })
})
