import { describe, expect, it } from 'vitest'
import { FailureLog } from '../../src/worker/failure-log.ts'
import { eventually } from '../support/eventually.ts'
import { manualClock } from '../support/manual-clock.ts'
import { useTeardown } from '../support/teardown.ts'
import { bench, deadQueue } from './support/bench.ts'
import { logs } from './support/logs.ts'

const teardown = useTeardown()

describe('failures in the log', () => {
  it('are said at once, then at most once in ten seconds with the number of those alike', async () => {
    const clock = manualClock()
    const log = logs()
    const failures = new FailureLog(log, clock)
    for (let second = 0; second < 25; second++) {
      for (let n = 0; n < 100; n++) failures.failed('TypeError', { n })
      await clock.advance(1_000)
    }
    expect(log.lines.map(({ fields }) => fields)).toEqual([
      { n: 0, error: 'TypeError', alike: 1 },
      { n: 0, error: 'TypeError', alike: 1_000 },
      { n: 0, error: 'TypeError', alike: 1_000 },
    ])
  })

  it('do not flood it where every message is dead-lettered', async () => {
    const handle = (): never => {
      throw new TypeError('no')
    }
    const lab = bench(teardown, { handle, maxAttempts: 1 })
    lab.publish(300)
    lab.stream()
    await lab.counts('deadLettered', 300)
    await eventually(() => lab.depth(deadQueue) === 300, { what: 'the dead letters' })
    expect(lab.log.lines.map(({ text }) => text)).toEqual([
      'a message was not handled successfully',
      'a message is dead-lettered',
    ])
  })
})
