import { describe, expect, it } from 'vitest'
import type { ConsumerReport } from '../../src/core/rollout/consumer-report.ts'
import { statusOf } from '../../src/status/snapshot.ts'
import type { StatusInput } from '../../src/status/status-view.ts'
import { report, rollout, secondStep, state } from './fixtures.ts'

/** 40 canary messages of 1,000 in 10 s: 4 % measured, 10 % meant. */
function behind({
  canary = {},
  lane = {},
  stepElapsedMs = 10_000,
}: {
  canary?: Partial<ConsumerReport>
  lane?: { concurrency?: number; delayMs?: number; weight?: number }
  stepElapsedMs?: number
} = {}): StatusInput {
  const base = secondStep(40)
  return {
    ...base,
    reports: base.reports.map((known) => (known.version === 'v2' ? { ...known, ...canary } : known)),
    state: state({
      ...base.state,
      allocations: {
        ...base.state.allocations,
        canary: { kind: 'throttled', weight: 10, concurrency: 1, delayMs: 0, ...lane },
      },
      rollout: rollout({ ...base.state.rollout, stepElapsedMs }),
    }),
  }
}

const whyOf = (input: StatusInput) => statusOf(input).step?.weight.why

describe('why a share is not reached', () => {
  it('says nothing while it is reached', () => {
    expect(whyOf(secondStep(100))).toBeUndefined()
    expect(whyOf(secondStep(90))).toBeUndefined()
    expect(whyOf(secondStep(89))).toBeDefined()
  })

  it('names the concurrency and the mean duration', () => {
    const slow = behind({ canary: { durations: { 109: 10 } } })
    expect(whyOf(slow)).toBe(
      'concurrency 1 with handlers that take 199 ms allows 5.02 msg/s; 10 % of 100 msg/s needs 10',
    )
  })

  it('names the delay where that is longer than the handlers take', () => {
    const delayed = behind({ lane: { delayMs: 250 }, canary: { durations: { 33: 10 } } })
    expect(whyOf(delayed)).toBe('concurrency 1 with delay 250 ms allows 4 msg/s; 10 % of 100 msg/s needs 10')
  })

  it('names slots that are fewer than the step allows', () => {
    const few = behind({ lane: { concurrency: 50, delayMs: 1_000 }, canary: { capacity: 2, durations: {} } })
    expect(whyOf(few)).toMatch(/^concurrency 2 with delay 1000 ms allows 2 msg\/s/)
  })

  it('names a failure budget that leaves fewer messages in flight than there are slots', () => {
    const slow = behind({ lane: { concurrency: 10 }, canary: { capacity: 10, durations: { 185: 10 } } })
    const spent = { ...slow, state: state({ ...slow.state, rollout: rollout({ ...slow.state.rollout, harmed: 24 }) }) }
    expect(whyOf(slow)).not.toMatch(/failure budget/)
    expect(whyOf(spent)).toMatch(/^a failure budget with 1 left with handlers that take/)
  })

  it('names handlers that never end', () => {
    expect(whyOf(behind({ canary: { stuck: 1 } }))).toBe(
      'all 1 slots are held by handlers that run on after their time was over',
    )
  })

  it('names what keeps the consumers from taking', () => {
    const unlinked = behind({ canary: { link: 'connecting', linkReason: 'connection refused' } })
    expect(whyOf(unlinked)).toBe('none of the 1 consumers of v2 can take messages: ready, link connection refused')
    const throttled = behind({ canary: { link: 'consuming', linkReason: 'is throttled' } })
    expect(whyOf(throttled)).toBe('none of the 1 consumers of v2 can take messages: ready, link is throttled')
    expect(whyOf(behind({ canary: { state: 'starting' } }))).toMatch(/starting, link consuming/)
    expect(whyOf(behind({ canary: { state: 'gone' } }))).toBe('no consumer of v2 lives')
  })

  it('says what it does not know', () => {
    const idle = behind({ lane: { concurrency: 4 } })
    expect(whyOf(idle)).toBe('v2 took 40 of 1000 messages where 100 were meant; its 4 slots are not what limits it')
  })

  it('waits until enough was seen', () => {
    const base = behind({ stepElapsedMs: 9_999 })
    const few = {
      ...base,
      reports: base.reports.map((known) => ({ ...known, counts: { ...known.counts, taken: known.counts.taken - 1 } })),
    }
    expect(whyOf(few)).toBeUndefined()
    expect(whyOf(base)).toBeDefined()
    expect(whyOf({ ...few, state: behind({ stepElapsedMs: 10_000 }).state })).toBeDefined()
  })

  it('says nothing of a canary that may take nothing', () => {
    const base = behind()
    const held = state({ ...base.state, allocations: { ...base.state.allocations, canary: { kind: 'none' } } })
    expect(statusOf({ ...base, state: held }).step?.weight).toEqual({ target: 0, measured: 4 })
    expect(whyOf({ ...base, reports: [report({ version: 'v1' })] })).toBeUndefined()
  })
})
