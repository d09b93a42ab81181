import { describe, expect, it } from 'vitest'
import { demoCommand } from '../../src/cli/commands/demo.ts'
import { curtain } from '../../src/cli/demo/curtain.ts'
import type { Ending } from '../../src/cli/demo/curtain.ts'
import { Ledger } from '../../src/cli/demo/ledger.ts'
import { policyOf } from '../../src/cli/demo/story.ts'
import type { Pace, Played } from '../../src/cli/demo/story.ts'
import { statusOf } from '../../src/status/snapshot.ts'
import { secondStep } from '../status/fixtures.ts'
import { eventually } from '../support/eventually.ts'
import { fakeIo } from './fake-io.ts'

const common = { promotion: { workers: 1, duration: '100ms' }, drain: { timeout: '2s' }, progressDeadline: '15s' }

/** The same story, told in a few seconds. */
const fast: Pace = {
  ratePerSecond: 400,
  handlerMs: 2,
  good: policyOf({ ...common, steps: [{ weight: '20%', duration: '800ms', minSamples: 5 }] }),
  bad: policyOf({ ...common, steps: [{ weight: '50%', duration: '10s' }], limits: { maxFailedMessages: 5 } }),
  actDeadlineMs: 15_000,
}

describe('the demo', () => {
  it('promotes the good version, takes the bad one back, and loses nothing', { timeout: 40_000 }, async () => {
    const io = fakeIo()
    const code = await demoCommand(io, fast)
    expect(io.stdout()).toMatch(/\n {2}v2 {7}promoted .*\n {2}v3 {7}taken back .* 5 {8}5\n/)
    expect(io.stdout()).toMatch(
      /(\d+) messages published, \1 handled, 0 lost, \d+ handled twice\. v1 drained and retired/,
    )
    expect(io.stdout().trimEnd()).toMatch(/queue-canary doctor .*\n.*queue-canary start --queue .*$/)
    expect(code).toBe(0)
  })

  it('ends at Ctrl-C', { timeout: 40_000 }, async () => {
    const io = fakeIo()
    const ended = demoCommand(io, {
      ...fast,
      good: policyOf({ steps: [{ weight: '5%', duration: '1h' }], progressDeadline: '2h' }),
    })
    await eventually(() => io.stdout().includes('Progressing'), { what: 'the first step' })
    io.interrupt()
    expect(await ended).toBe(130)
  })
})

describe('the end of the demo', () => {
  const base = statusOf(secondStep())
  const promoted: Played = { status: { ...base, phase: 'Succeeded' }, lastShare: 50, evidence: [] }
  const takenBack: Played = { status: { ...base, phase: 'RolledBack' }, lastShare: 19.9, evidence: [2, 40, 160] }
  const asTold: Ending = {
    promoted,
    retired: true,
    takenBack,
    rescued: 3,
    ledger: { count: 100, open: 0, repeated: 0 },
    tookMs: 19_000,
  }

  it('says next what to try', () => {
    const { lines, asTold: holds } = curtain(asTold)
    expect(holds).toBe(true)
    expect(lines.join('\n')).not.toContain('did not go as told')
  })

  it.each<[string, Partial<Ending>, RegExp]>([
    ['a good version taken back', { promoted: takenBack }, /v2 was not promoted: step 1 passed/],
    ['no end', { promoted: undefined }, /v2 was not promoted: its rollout did not end/],
    ['old workers that stay', { retired: false }, /workers of v1 did not retire/],
    ['a bad version promoted', { takenBack: promoted }, /v3 was not taken back/],
    ['a lost message', { ledger: { count: 100, open: 1, repeated: 0 } }, /1 messages were handled by nobody/],
    [
      'a budget overspent',
      { takenBack: { ...takenBack, status: { ...takenBack.status, harmed: 26 } } },
      /v3 harmed 26 messages, 25 are allowed/,
    ],
  ])('does not hide %s', (_, wrong, fault) => {
    const { lines, asTold: holds } = curtain({ ...asTold, ...wrong })
    expect(holds).toBe(false)
    expect(lines.join('\n')).toMatch(fault)
  })

  it('counts each message once, however often it is handled', () => {
    const ledger = new Ledger()
    for (const id of ['a', 'b', 'c']) ledger.published(id)
    ledger.handled('a', 'v1')
    ledger.handled('b', 'v1')
    ledger.handled('b', 'v2')
    ledger.handled('stranger', 'v1')
    expect([ledger.count, ledger.open, ledger.repeated, ledger.by('v1'), ledger.by('v2')]).toEqual([3, 1, 1, 2, 1])
  })
})
