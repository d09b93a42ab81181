import { describe, expect, it } from 'vitest'
import { systemClock } from '../../src/worker/system-clock.ts'
import { seededRandom } from '../support/seeded-random.ts'
import { useTeardown } from '../support/teardown.ts'
import { bench } from './support/bench.ts'

const teardown = useTeardown()
const clock = systemClock()

describe('a throttled consumer', () => {
  it.each([1, 2, 3, 4, 5, 6, 7, 8])('keeps every limit whatever happens to it (seed %i)', async (seed) => {
    const random = seededRandom(seed)
    const running = { now: 0 }
    const allowed = { permits: 0, failures: 0, concurrency: 1 }
    const broken: string[] = []
    const check = (what: string, value: number, limit: number): void => {
      if (value > limit) broken.push(`${what}: ${value} > ${limit}`)
    }
    const lab = bench(teardown, {
      handlerTimeoutMs: 15,
      handle: async () => {
        check('in flight', ++running.now, allowed.concurrency)
        check(
          'failed or in flight',
          lab.processor.tally.spentFailures + lab.processor.inFlight.running.size,
          allowed.failures,
        )
        check('taken', lab.processor.tally.taken, allowed.permits)
        check('started stale', 1, lab.fresh ? 1 : 0)
        await clock.sleep(random.whole(0, 25))
        running.now--
        if (random.whole(1, 10) <= 3) throw new Error('no')
      },
    })
    lab.publish(2_000)
    const change = {
      grant: () => (allowed.permits += random.whole(0, 12)),
      forgive: () => (allowed.failures += random.whole(0, 6)),
      cut: () => lab.server.cutLinks(),
      nothing: () => lab.throttle(undefined),
      doubt: () => (lab.fresh = !lab.fresh),
      widen: () => {
        // What runs on after a cut of the concurrency counts against the new limit until it ends.
        const next = random.whole(1, 6)
        allowed.concurrency = Math.max(next, running.now)
        return next
      },
    }
    let concurrency = 1
    // On a machine that stands still for a while, sixty steps pass without a message.
    for (let step = 0; step < 60 || (lab.processor.tally.taken <= 10 && step < 2_000); step++) {
      const what = random.pick(['grant', 'grant', 'forgive', 'forgive', 'cut', 'nothing', 'doubt', 'widen'] as const)
      const result = change[what]()
      if (what === 'widen' && typeof result === 'number') concurrency = result
      const delayMs = random.pick([0, 0, 5])
      if (what !== 'nothing') lab.throttle({ ...allowed, concurrency, delayMs })
      await clock.sleep(random.whole(0, 12))
      allowed.concurrency = Math.max(concurrency, running.now)
    }
    expect(broken).toEqual([])
    expect(lab.processor.tally.taken).toBeGreaterThan(10)
  })
})
