import { describe, expect, it } from 'vitest'
import type { VisibilityChange } from '../../adapters/brokers/sqs/api.ts'
import { Heartbeat, longestLeaseMs } from '../../adapters/brokers/sqs/heartbeat.ts'
import { Lease } from '../../adapters/brokers/sqs/lease.ts'
import { readMessage } from '../../adapters/brokers/sqs/message.ts'
import { manualClock } from '../support/manual-clock.ts'

const visibilityS = 60
const visibilityMs = visibilityS * 1_000

function scene(seconds = visibilityS) {
  const clock = manualClock()
  const calls: (readonly VisibilityChange[])[] = []
  const lost: Lease[] = []
  let answer: () => Promise<readonly (string | undefined)[]> = async () => []
  const heartbeat = new Heartbeat({
    clock,
    visibilityS: seconds,
    setVisibility: (changes) => {
      calls.push(changes)
      return answer()
    },
    onLost: (lease) => void lost.push(lease),
  })
  const lease = (name: string): Lease => {
    const received = readMessage({ MessageId: name, ReceiptHandle: name }, { isFifo: false })
    return new Lease(received, { since: clock.now(), visibilityMs: seconds * 1_000 }, () => {})
  }
  return { clock, calls, lost, heartbeat, lease, answers: (next: typeof answer) => void (answer = next) }
}

describe('the heartbeat', () => {
  it('extends by the full time, when half of it has passed, and for as long as the lease is kept', async () => {
    const { clock, calls, lost, heartbeat, lease } = scene()
    const one = lease('one')
    heartbeat.keep(one)
    await clock.advance(visibilityMs / 2 - 1_000)
    expect(calls).toEqual([])
    await clock.advance(60 * visibilityMs)
    expect(calls.length).toBeGreaterThan(100)
    expect(calls.every(([change]) => change?.seconds === visibilityS)).toBe(true)
    expect(one.isOver(clock.now() + visibilityMs / 3)).toBe(false)
    heartbeat.release(one)
    const before = calls.length
    await clock.advance(5 * visibilityMs)
    expect([calls.length, lost]).toEqual([before, []])
  })

  it('extends ten leases with one call', async () => {
    const { clock, calls, heartbeat, lease } = scene()
    for (let count = 0; count < 25; count++) heartbeat.keep(lease(`m${count}`))
    await clock.advance(visibilityMs / 2 + 1_000)
    expect(calls.map((changes) => changes.length)).toEqual([10, 10, 5])
  })

  it('stops half an hour before SQS does, and then the lease is lost', async () => {
    const { clock, lost, calls, heartbeat, lease } = scene()
    const one = lease('one')
    heartbeat.keep(one)
    await clock.advance(longestLeaseMs - visibilityMs)
    expect(lost).toEqual([])
    await clock.advance(3 * visibilityMs)
    expect(lost).toEqual([one])
    const total = calls.flat().at(-1)
    expect(total?.seconds).toBeLessThanOrEqual(visibilityS)
    expect(one.isOver(clock.now())).toBe(true)
  })

  it('shortens no lease that lasts longer than it may be extended', async () => {
    const longest = 12 * 3_600
    const { clock, calls, heartbeat, lease } = scene(longest)
    const one = lease('one')
    heartbeat.keep(one)
    await clock.advance(longest * 1_000 - 1)
    expect([calls, one.isOver(clock.now())]).toEqual([[], false])
    await clock.advance(1)
    expect(one.isOver(clock.now())).toBe(true)
  })

  it('leaves a lease that was seen to be over as it is, whatever is heard of its extension later', async () => {
    const { clock, calls, lost, heartbeat, lease, answers } = scene()
    const answer = Promise.withResolvers<readonly undefined[]>()
    answers(() => answer.promise)
    const one = lease('one')
    heartbeat.keep(one)
    await clock.advance(visibilityMs / 2 + 1_000)
    const endsAt = one.since + visibilityMs
    expect([calls.length, one.isOver(endsAt - 1)]).toEqual([1, false])
    expect(one.isOver(endsAt)).toBe(true)
    answer.resolve([])
    await clock.advance(10 * visibilityMs)
    expect([calls.length, lost, one.isOver(0)]).toEqual([1, [one], true])
  })

  it('tries again in time where an extension fails, and loses a lease whose receipt is not known any more', async () => {
    const { clock, lost, heartbeat, lease, answers } = scene()
    const one = lease('one')
    answers(() => Promise.reject(new Error('throttled')))
    heartbeat.keep(one)
    await clock.advance(visibilityMs * 0.7)
    expect(lost).toEqual([])
    answers(async () => [])
    await clock.advance(visibilityMs)
    expect(lost).toEqual([])
    answers(async () => ['ReceiptHandleIsInvalid'])
    await clock.advance(visibilityMs)
    expect(lost).toEqual([one])
  })
})
