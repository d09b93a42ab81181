import { stripVTControlCharacters } from 'node:util'
import { describe, expect, it } from 'vitest'
import { liveView } from '../../src/cli/view/live-view.ts'
import { changeKey, statusLine } from '../../src/cli/view/status-line.ts'
import { statusOf } from '../../src/status/snapshot.ts'
import { counts, input, report, rollout, secondStep, state } from '../status/fixtures.ts'

const status = statusOf(secondStep())
const plain = { columns: 80, rows: 60, color: false }

describe('the live view', () => {
  it('shows a queue on 80 columns', () => {
    expect(liveView(status, plain).join('\n')).toBe(`\
orders (default)  Progressing  v1 → v2
  step 1 passed: 10 samples; step 2: weight 10 %

Steps
  ✓  1      1%  █░░░░░░░░░░░░░░░░░░░  measured 0.99%    2m00s
  ▶  2     10%  ██░░░░░░░░░░░░░░░░░░  measured 10%      1m01s of 5m00s
  ·  3  pause    until promote
  ·  4     50%  ▒▒▒▒▒▒▒▒▒▒░░░░░░░░░░                    10m00s

          version    state  workers  in flight  taken  succeeded  failed
  stable       v1  Current        1          8   1900       1896       4
  canary       v2  Ramping        1          4    110        107       2

          timed out  handed back  rescued  dead-lettered
  stable          0            0        2              1
  canary          1            3        0              0

Verdicts
  ✓ failure-budget   successful    3 of at most 25 messages failed on the canar…
  ✓ failure-ceiling  successful    failureRate 2.7 % of n=107 is within max 5 %…
  ? slow             inconclusive  no measurement yet (dry run: shown only)

History
      0s  Initialized       a rollout of v2 in place of v1 was started
   2m00s  Progressing       step 1 passed: 10 samples; step 2: weight 10 %`)
  })

  it('shows a queue without a rollout', () => {
    const reports = [report({ version: 'v1', inFlight: 3, counts: counts({ taken: 9, succeeded: 6 }) })]
    expect(liveView(statusOf(input({ reports })), plain).join('\n')).toBe(`\
orders (default)  no rollout  v1
  no rollout was started yet

          version    state  workers  in flight  taken  succeeded  failed
  stable       v1  Current        1          3      9          6       0

          timed out  handed back  rescued  dead-lettered
  stable          0            0        0              0`)
  })

  it.each([
    [1, '░░░░░░░░░░░░░░░░░░░░  1 of 100'],
    [10, '██████████░░░░░░░░░░  10 of 100'],
    [0.3, '░░░░░░░░░░░░░░░░░░░░  0.3 of 100'],
    [2_345, '████████████████████  2300 of 100'],
  ])('shows evidence of %d against the canary', (statistic, shown) => {
    const analysis = status.analysis.map((entry) => ({ ...entry, statistic, bound: 100 }))
    expect(liveView({ ...status, analysis }, plain)).toContain(`  evidence against it  ${shown}`)
  })

  it('needs one table less where there is room', () => {
    const lines = liveView(status, { ...plain, columns: 130 })
    const heads = lines.filter((line) => line.includes('in flight'))
    expect(heads).toHaveLength(1)
    expect(heads[0]).toContain('dead-lettered')
  })

  it.each([1, 10, 20, 40, 79, 80, 200])('never exceeds %i columns, with colours or without', (columns) => {
    for (const color of [true, false]) {
      for (const line of liveView(status, { columns, rows: 60, color })) {
        expect(Array.from(stripVTControlCharacters(line)).length).toBeLessThanOrEqual(columns)
      }
    }
  })

  it('gives up the oldest history first where the terminal is low, and never exceeds it', () => {
    const heights = [60, 24, 23, 5, 1].map((rows) => liveView(status, { ...plain, rows }))
    expect(heights.map((lines) => lines.length)).toEqual([25, 24, 21, 5, 1])
    expect(heights[1]?.slice(-2)).toEqual(['History', expect.stringContaining('step 1 passed')])
    expect(heights[2]?.at(-1)).toContain('slow')
  })

  it('says what the colours say, without them', () => {
    const coloured = liveView(status, { ...plain, color: true }).map(stripVTControlCharacters)
    expect(coloured).toEqual(liveView(status, plain))
    expect(liveView(status, { ...plain, color: true })).not.toEqual(coloured)
  })

  it('shows consumers in trouble, and why a share is not reached', () => {
    const base = secondStep(40)
    const reports = base.reports.map((known) =>
      known.version === 'v2' ? { ...known, link: 'missing', linkReason: 'the queue does not exist', stuck: 2 } : known,
    )
    const throttled = base.reports.map((known) => ({ ...known, linkReason: 'queue "orders" is throttled' }))
    expect(liveView(statusOf({ ...base, reports: throttled }), { ...plain, columns: 160 })).toContain(
      '  ! w2 (v2): link consuming: queue "orders" is throttled',
    )
    const text = liveView(statusOf({ ...base, reports }), { ...plain, columns: 160 }).join('\n')
    expect(text).toContain(
      '  ! w2 (v2): link missing: the queue does not exist, 2 slots held by handlers whose time is over',
    )
    expect(text).toContain('    4% measured: none of the 1 consumers of v2 can take messages')
  })

  it('lets no name or reason steer the terminal', () => {
    const evil = '\u001b[2J\u0007\r\n\u202edrop'
    const queue = state({ rollout: rollout({ why: evil, canary: evil }) })
    const lines = liveView(statusOf(input({ queue: evil, state: queue })), { ...plain, columns: 500 })
    // oxlint-disable-next-line no-control-regex -- the characters that must not be there
    expect(lines.join('')).not.toMatch(/[\u0000-\u001f\u202e]/)
    expect(lines[0]).toContain('drop')
    // oxlint-disable-next-line no-control-regex -- the characters that must not be there
    expect(statusLine(statusOf(input({ queue: evil, state: queue })))).not.toMatch(/[\u0000-\u001f\u202e]/)
  })
})

describe('the line of a queue', () => {
  it.each([
    [
      secondStep(),
      'orders  Progressing  v1 -> v2  step 2/4  10% (measured 10%)  harmed 3  step 1 passed: 10 samples; step 2: weight 10 %',
    ],
    [input({}), 'orders  no rollout  v1 in charge, 0 workers'],
    [
      input({ state: state({ stable: 'v2', rollout: rollout({ phase: 'Succeeded', step: 4, why: 'done' }) }) }),
      'orders  Succeeded  v1 -> v2  harmed 0  done  no worker of v2, which is in charge, lives',
    ],
  ])('tells what matters', (of, line) => {
    expect(statusLine(statusOf(of))).toBe(line)
  })

  it.each([
    ['Progressing', 'v1', 'v1', 'no worker of v1, which is in charge, lives'],
    ['Progressing', 'v1', 'v2', 'no worker of v2, which is on trial, lives'],
    ['RolledBack', 'v1', 'v1', 'no worker of v1, which is in charge, lives'],
    ['RolledBack', 'v1', 'v2', undefined],
    ['Succeeded', 'v2', 'v1', undefined],
    ['Succeeded', 'v2', 'v2', 'no worker of v2, which is in charge, lives'],
  ] as const)('in %s with %s in charge, the last worker of %s gone, says %s', (phase, current, gone, said) => {
    const reports = secondStep().reports.filter(({ version }) => version !== gone)
    const left = statusOf(input({ reports, state: state({ stable: current, rollout: rollout({ phase }) }) }))
    for (const text of [statusLine(left), liveView(left, plain).join('\n')])
      expect(/no worker of .* lives/.exec(text)?.[0]).toBe(said)
    const manned = {
      ...left,
      stable: { ...left.stable, workers: 1 },
      canary: left.canary && { ...left.canary, workers: 1 },
    }
    expect(changeKey(manned) === changeKey(left)).toBe(said === undefined)
  })

  it('says of the version before that it can be returned to, not that it has not drained', () => {
    const drained = {
      ...status,
      why: 'the consumers of v1 have drained',
      rollbackWindow: { version: 'v1', remainingMs: 61_000 },
    }
    for (const text of [statusLine(drained), liveView(drained, plain).join('\n')])
      expect(text).toContain('  workers of v1 run on without messages, ready for undo, for 1m01s more')
  })

  it('tells why a version was taken back, not that it has drained', () => {
    const entry = { at: '', elapsedMs: 0, step: 0, numbers: {} }
    const history = [
      { ...entry, phase: 'RollingBack' as const, why: 'the budget is spent' },
      { ...entry, phase: 'RolledBack' as const, why: 'drained' },
    ]
    const taken = { ...status, phase: 'RolledBack' as const, why: 'drained', history }
    expect(statusLine(taken)).toContain('the budget is spent')
    expect(liveView(taken, plain)[1]).toContain('the budget is spent')
  })

  it('tells why a share is not reached, and of messages that a version does not accept', () => {
    const base = secondStep(40)
    const contract = { header: 'schema', range: '>=2', unaccepted: 7, waiting: 3 }
    const reports = base.reports.map((known) =>
      known.version === 'v2' ? { ...known, contract, link: 'missing', linkReason: 'it does not exist' } : known,
    )
    const refusing = statusOf({ ...base, reports })
    expect(statusLine(refusing)).toContain(
      '10% (measured 4%: none of the 1 consumers of v2 can take messages: ready, link it does not exist)  harmed 3  7 not accepted by v2  3 wait',
    )
    expect(liveView(refusing, { ...plain, columns: 160 })).toContain(
      '  ! v2 accepts only schema >=2: 7 not accepted, 3 waiting for a version that accepts them',
    )
  })

  it('is printed again for a move, not for numbers that grow', () => {
    const later = { ...status, harmed: 4, sequence: 99 }
    expect(changeKey(later)).toBe(changeKey(status))
    const lacks = (n: string) => changeKey({ ...status, why: `step 2 lacks ${n} of 1000 samples` })
    expect(lacks('9')).toBe(lacks('10.5'))
    expect(changeKey({ ...status, why: 'another' })).not.toBe(changeKey(status))
    expect(changeKey({ ...status, phase: 'Paused' })).not.toBe(changeKey(status))
  })
})
