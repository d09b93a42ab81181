import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { ConsumerAllocation } from '../../src/core/allocation/lane.ts'
import type { QueueState } from '../../src/core/rollout/queue-state.ts'
import { compareOrder } from '../../src/core/rollout/order.ts'
import { createQueueState } from '../../src/core/rollout/queue-state.ts'
import { startRollout } from '../../src/core/rollout/start.ts'
import { duty, obey, unaware } from '../../src/worker/obedience.ts'
import type { Look, Memory } from '../../src/worker/obedience.ts'

const ttl = 5_000
const self = { id: 'w.1.v2', version: 'v2' }
const stableSelf = { id: 'w.1.v1', version: 'v1' }
const allocation: ConsumerAllocation = {
  concurrency: 2,
  delayMs: 0,
  permits: 10,
  bridge: undefined,
  fuse: undefined,
  failures: 5,
  returnsToSpare: 3,
}

/** A document with a rollout of v2 in place of v1. */
function ramping(overrides: Partial<QueueState> = {}, permits = 10): QueueState {
  const started = startRollout(createQueueState('g1', 'v1'), {
    id: 'r1',
    canary: 'v2',
    policyDigest: 'd',
    at: 'now',
    force: false,
  })
  if (!started.ok) throw new Error(started.why)
  const lane = { kind: 'throttled', weight: 5, concurrency: 2, delayMs: 0 } as const
  const consumers = { [self.id]: { ...allocation, permits } }
  const allocations = { stable: { kind: 'stream' } as const, canary: lane, consumers, lookMs: 50 }
  return { ...started.state, epoch: 1, sequence: 1, lease: { holder: 'x', renewals: 1 }, allocations, ...overrides }
}

function looks(
  consumer: { id: string; version: string },
  ...steps: readonly (readonly [number, QueueState | Look])[]
): Memory {
  return steps.reduce<Memory>((memory, [now, what]) => {
    return obey(memory, 'kind' in what ? what : { kind: 'document', state: what }, consumer, {
      askedAt: now,
      heardAt: now,
    })
  }, unaware)
}

const at = (sequence: number, more: Partial<QueueState> = {}, permits = 10) =>
  ramping({ sequence, lease: { holder: 'x', renewals: sequence }, ...more }, permits)
const none = { stable: { kind: 'stream' }, canary: { kind: 'none' }, consumers: {}, lookMs: 50 } as const

describe('a canary whose next grant is late', () => {
  const allocations = (bridge: ConsumerAllocation['bridge']) => ({
    ...ramping().allocations,
    consumers: { [self.id]: { ...allocation, bridge } },
  })
  const memory = looks(self, [0, at(1)], [10, at(2, { allocations: allocations({ permitsPerMs: 0.1, afterMs: 30 }) })])

  it.each([
    ['has what it was granted', 40, 10],
    ['goes on at the same pace', 90, 15],
    ['runs dry after a while', 1_000, 35],
    ['has nothing when the allocation is old', 11 + ttl, undefined],
  ])('%s', (_, now, permits) => {
    const assignment = duty(memory, now, ttl)
    expect(assignment.kind === 'throttled' ? assignment.allocation.permits : undefined).toBe(permits)
  })
})

it('has nothing beyond a grant that has just been heard of, however long its question took', () => {
  const bridge = { permitsPerMs: 0.1, afterMs: 30 }
  const { allocations } = ramping()
  const consumers = { [self.id]: { ...allocation, bridge } }
  const state = at(2, { allocations: { ...allocations, consumers } })
  const memory = obey(looks(self, [0, at(1)]), { kind: 'document', state }, self, { askedAt: 10, heardAt: 510 })
  expect(duty(memory, 540, ttl)).toMatchObject({ allocation: { permits: 10 } })
  expect(duty(memory, 590, ttl)).toMatchObject({ allocation: { permits: 15 } })
  expect(duty(memory, 11 + ttl, ttl)).toEqual({ kind: 'idle' })
})

describe('a canary', () => {
  it.each<[string, Memory, number, string]>([
    ['knows nothing', unaware, 0, 'idle'],
    ['has read the document once: that proves nothing', looks(self, [0, at(1)]), 0, 'idle'],
    ['has read the same twice', looks(self, [0, at(1)], [10, at(1)]), 10, 'idle'],
    ['has seen it change', looks(self, [0, at(1)], [10, at(2)]), 10, 'throttled'],
    [
      'has seen only the lease renewed',
      looks(self, [0, at(1)], [10, at(1, { lease: { holder: 'x', renewals: 9 } })]),
      10,
      'throttled',
    ],
    ['saw the last change just in time', looks(self, [0, at(1)], [10, at(2)]), 10 + ttl, 'throttled'],
    ['saw the last change too long ago', looks(self, [0, at(1)], [10, at(2)]), 11 + ttl, 'idle'],
    ['reads on, and nothing changes', looks(self, [0, at(1)], [10, at(2)], [9_000, at(2)]), 9_000, 'idle'],
    ['sees it change again', looks(self, [0, at(1)], [10, at(2)], [9_000, at(3)]), 9_000, 'throttled'],
    ['meets an older document', looks(self, [0, at(5)], [10, at(6)], [20, at(4)]), 20, 'idle'],
    [
      'meets a lower epoch',
      looks(self, [0, at(5, { epoch: 7 })], [10, at(6, { epoch: 7 })], [20, at(9, { epoch: 6 })]),
      20,
      'idle',
    ],
    ['meets the newest again', looks(self, [0, at(5)], [10, at(6)], [20, at(4)], [30, at(6)]), 30, 'throttled'],
    ['meets a contradiction', looks(self, [0, at(1)], [10, at(2)], [20, at(2, {}, 99)]), 20, 'idle'],
    [
      '... which does not heal by repeating',
      looks(self, [0, at(1)], [10, at(2)], [20, at(2, {}, 99)], [30, at(2)]),
      30,
      'idle',
    ],
    [
      '... but by a newer document',
      looks(self, [0, at(1)], [10, at(2)], [20, at(2, {}, 99)], [30, at(3)]),
      30,
      'throttled',
    ],
    ['loses the document', looks(self, [0, at(1)], [10, at(2)], [20, { kind: 'missing' }]), 20, 'idle'],
    ['cannot understand it', looks(self, [0, at(1)], [10, at(2)], [20, { kind: 'invalid' }]), 20, 'idle'],
    ['finds it again', looks(self, [0, at(1)], [10, at(2)], [20, { kind: 'missing' }], [30, at(2)]), 30, 'throttled'],
    [
      'meets another generation that lets it take',
      looks(self, [0, at(1)], [10, at(2)], [20, at(9, { generation: 'g2' })], [30, at(10, { generation: 'g2' })]),
      30,
      'idle',
    ],
    ['may take nothing', looks(self, [0, at(1)], [10, at(2)], [20, at(3, { allocations: none })]), 20, 'idle'],
  ])('that %s', (_, memory, now, kind) => {
    expect(duty(memory, now, ttl).kind).toBe(kind)
  })

  it('believes another generation once that asks for nothing, and obeys it from then on', () => {
    const g2 = (sequence: number, more: Partial<QueueState> = {}) => at(sequence, { generation: 'g2', ...more })
    const steps = [
      [0, at(1)],
      [10, at(2, { allocations: none })],
      [20, g2(1, { allocations: none })],
      [30, g2(2)],
    ] as const
    const memory = looks(self, ...steps)
    expect(memory.obeyed).toMatchObject({ generation: 'g2', sequence: 2 })
    expect(duty(memory, 30, ttl).kind).toBe('throttled')
  })
})

describe('a stable consumer', () => {
  const drain = {
    stable: { kind: 'drain', timeoutMs: 1, onTimeout: 'handBack' },
    canary: { kind: 'stream' },
    consumers: {},
    lookMs: 50,
  } as const
  it.each<[string, Memory, number, string]>([
    ['reads the document once', looks(stableSelf, [0, at(1)]), 0, 'stream'],
    ['hears nothing for an hour', looks(stableSelf, [0, at(1)]), 3_600_000, 'stream'],
    ['loses the document', looks(stableSelf, [0, at(1)], [10, { kind: 'missing' }]), 10, 'stream'],
    ['cannot understand it', looks(stableSelf, [0, at(1)], [10, { kind: 'invalid' }]), 10, 'stream'],
    ['is told to drain', looks(stableSelf, [0, at(1)], [10, at(2, { allocations: drain })]), 10, 'drain'],
    [
      'is told so by an older document',
      looks(stableSelf, [0, at(5)], [10, at(4, { allocations: drain })]),
      10,
      'stream',
    ],
    ['is told so by a contradiction', looks(stableSelf, [0, at(5)], [10, at(5, { allocations: drain })]), 10, 'stream'],
    [
      'is told so by another generation',
      looks(stableSelf, [0, at(5)], [10, at(9, { generation: 'g2', allocations: drain })]),
      10,
      'stream',
    ],
    [
      'was told, and another generation lets it stream',
      looks(stableSelf, [0, at(1)], [10, at(2, { allocations: drain })], [20, createQueueState('g2', 'v1')]),
      20,
      'drain',
    ],
  ])('that %s', (_, memory, now, kind) => {
    expect(duty(memory, now, ttl).kind).toBe(kind)
  })

  it('goes on in another generation in which it is in charge too', () => {
    const memory = looks(stableSelf, [0, at(5)], [10, createQueueState('g2', 'v1')])
    expect(memory).toMatchObject({ obeyed: { generation: 'g2' }, doubt: undefined, assignment: { kind: 'stream' } })
  })
})

describe('in any order of documents', () => {
  const documents = fc
    .record({
      generation: fc.constantFrom('g1', 'g1', 'g1', 'g2'),
      epoch: fc.nat({ max: 3 }),
      sequence: fc.nat({ max: 5 }),
      permits: fc.nat({ max: 3 }),
    })
    .map(({ permits, ...order }): Look => ({
      kind: 'document',
      state: ramping({ ...order, lease: { holder: 'x', renewals: permits } }, permits),
    }))
  const seen = fc.array(
    fc.oneof(
      { weight: 8, arbitrary: documents },
      { weight: 1, arbitrary: fc.constantFrom<Look>({ kind: 'missing' }, { kind: 'invalid' }) },
    ),
  )

  it('what is obeyed never goes back, and an order in doubt gives a canary nothing', () => {
    fc.assert(
      fc.property(seen, (all) => {
        let memory = unaware
        for (const [now, look] of all.entries()) {
          const next = obey(memory, look, self, { askedAt: now, heardAt: now })
          const moved = next.obeyed && memory.obeyed ? compareOrder(next.obeyed, memory.obeyed) : undefined
          expect(moved ?? 0).toBeGreaterThanOrEqual(0)
          const takes = duty(next, now, ttl).kind === 'throttled'
          expect(takes && next.doubt !== undefined).toBe(false)
          const isObeyed = look.kind === 'document' && compareOrder(look.state, next.obeyed ?? look.state) === 0
          expect(takes && !isObeyed).toBe(false)
          memory = next
        }
      }),
    )
  })
})
