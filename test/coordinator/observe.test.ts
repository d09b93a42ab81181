import { describe, expect, it } from 'vitest'
import { observe } from '../../src/coordinator/observe.ts'
import { buildReport } from '../support/build-report.ts'
import { buildState, counts } from '../support/build-rollout.ts'
import { emptyQueue } from './lab.ts'

describe('observe', () => {
  const alive = ({ id }: { id: string }) => !id.startsWith('dead')
  const alone = { external: {}, freeze: undefined, peers: {} }
  const gathered = { ...alone, isAlive: alive, isReady: alive, facts: undefined, handsBack: true }
  const state = buildState()
  const known = { generation: 'g1', epoch: 0, sequence: 0 }

  it.each([
    { waiting: 0, consumers: 0, id: 'alive', state: 'ready', believed: undefined },
    { waiting: 0, consumers: 0, id: 'alive', state: 'starting', believed: 0 },
    { waiting: 0, consumers: 0, id: 'alive', state: 'draining', believed: 0 },
    { waiting: 0, consumers: 0, id: 'dead', state: 'ready', believed: 0 },
    { waiting: 0, consumers: 1, id: 'alive', state: 'ready', believed: 0 },
    { waiting: 0, consumers: undefined, id: 'alive', state: 'ready', believed: 0 },
    { waiting: 3, consumers: 0, id: 'alive', state: 'ready', believed: 3 },
  ] as const)(
    'of queues with $waiting messages and $consumers consumers, as the broker says, while who consumes them is $id and $state, believes in $believed',
    ({ waiting, consumers, id, state: consumer, believed }) => {
      const counted = { backlog: waiting, handBackBacklog: waiting, consumers, handBackConsumers: consumers }
      const facts = { ...emptyQueue, ...counted }
      const reports = [buildReport({ id, version: 'v1', state: consumer })]
      const { backlog, handBackBacklog } = observe(state, state.rollout, { ...gathered, reports, facts })
      expect([backlog, handBackBacklog]).toEqual([believed, believed])
    },
  )

  it('sums up per version: counts of everybody, readiness of the living', () => {
    const reports = [
      buildReport({
        id: 'a',
        version: 'v2',
        inFlight: 1,
        counts: counts({ taken: 3 }),
        durations: { 2: 1 },
        eventLoopDelayMs: 4,
      }),
      buildReport({
        id: 'dead',
        version: 'v2',
        inFlight: 2,
        counts: counts({ taken: 5 }),
        durations: { 2: 3 },
        eventLoopDelayMs: 9,
      }),
      buildReport({ id: 'b', version: 'v2', state: 'drained', obeyed: known, counts: counts({ taken: 7 }) }),
      buildReport({ id: 's', version: 'v1', counts: counts({ taken: 100 }) }),
      buildReport({ id: 'x', version: 'v9', counts: counts({ taken: 999 }) }),
    ]
    const { canary, stable } = observe(state, state.rollout, { ...gathered, reports })
    expect(canary).toMatchObject({
      live: 2,
      ready: 2,
      undrained: 1,
      holding: 1,
      inFlight: 1,
      capacity: 20,
      counts: { taken: 15 },
      durations: { 2: 4 },
      eventLoopDelayMs: 4,
      dead: [],
    })
    expect(stable).toMatchObject({ live: 1, counts: { taken: 100 } })
  })

  it.each([
    ['nothing', undefined, 1],
    ['the document before it', known, 1],
    ['the document that started it', { generation: 'g1', epoch: 0, sequence: 1 }, 0],
    ['one of a later coordinator', { generation: 'g1', epoch: 1, sequence: 0 }, 0],
    ['one of another generation', { generation: 'g0', epoch: 9, sequence: 9 }, 1],
  ])('counts as unaware of the rollout a ready consumer that obeys %s', (_, obeyed, unaware) => {
    const reports = [buildReport({ obeyed }), buildReport({ id: 'dead', obeyed: undefined })]
    expect(observe(state, state.rollout, { ...gathered, reports }).stable.unaware).toBe(unaware)
  })

  it.each([
    ['consuming', 0, undefined, 1],
    ['idle', 1, { generation: 'g0', epoch: 9, sequence: 9 }, 1],
    ['idle', 0, undefined, 0],
    ['idle', 0, { generation: 'g0', epoch: 9, sequence: 9 }, 0],
    ['idle', 0, known, 1],
  ] as const)('of a link that is %s, with %i in flight, the obeyed document being %o: %i are ready', (...row) => {
    const [link, inFlight, obeyed, ready] = row
    const reports = [buildReport({ link, inFlight, obeyed })]
    const { stable } = observe(state, state.rollout, { ...gathered, reports })
    expect(stable).toMatchObject({ live: 1, ready, unaware: ready, undrained: 1 })
    const canaries = reports.map((report) => ({ ...report, version: 'v2' }))
    const { canary } = observe(state, state.rollout, { ...gathered, reports: canaries })
    expect(canary).toMatchObject({ live: 1, ready, unaware: 1, undrained: 1 })
  })

  it.each([
    ['ready', true],
    ['draining', true],
    ['drained', false],
    ['gone', false],
  ] as const)('finds among the dead an allocated consumer that fell silent while %s: %s', (said, isDead) => {
    const withOne = allocating('dead')
    const reports = [
      buildReport({ id: 'dead', version: 'v2', state: said, inFlight: 2, counts: counts({ taken: 3, failed: 1 }) }),
    ]
    const { dead } = observe(withOne, state.rollout, { ...gathered, reports }).canary
    expect(dead).toEqual(
      isDead ? [{ id: 'dead', ready: false, capacity: 10, inFlight: 2, taken: 3, harmed: 1, failures: 4 }] : [],
    )
  })

  it('takes an allocated consumer without a report for dead, with all its permits used', () => {
    const withOne = allocating('lost')
    const { dead } = observe(withOne, state.rollout, { ...gathered, reports: [] }).canary
    expect(dead).toMatchObject([{ id: 'lost', taken: 5, inFlight: 0, failures: 4 }])
  })

  /** The document with an allocation for one consumer. */
  function allocating(id: string) {
    const own = {
      concurrency: 1,
      delayMs: 0,
      permits: 5,
      bridge: undefined,
      fuse: undefined,
      failures: 4,
      returnsToSpare: 3,
    }
    return { ...state, allocations: { ...state.allocations, consumers: { [id]: own } } }
  }
})
