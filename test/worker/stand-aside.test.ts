import { describe, expect, it } from 'vitest'
import { memoryServer } from '../../adapters/brokers/memory/memory-server.ts'
import { manualClock } from '../support/manual-clock.ts'
import { useTeardown } from '../support/teardown.ts'
import { bench, deadQueue } from './support/bench.ts'

const teardown = useTeardown()
const fail = (): never => {
  throw new Error('no')
}

describe('a canary that is alone with a message it failed, without a hand-back queue', () => {
  async function scene(waitMs = 600_000) {
    const clock = manualClock()
    const server = memoryServer({ clock })
    server.declare('orders', { deadLetterTo: deadQueue, deliveryLimit: 20 })
    const lab = bench(teardown, { handle: fail, handBack: false, server, clock })
    lab.publish(1)
    lab.throttle({ concurrency: 1 })
    await clock.advance(waitMs)
    return { clock, lab }
  }

  it('does not return it so often that the broker drops it', async () => {
    const { lab } = await scene()
    expect(lab.depth(deadQueue)).toBe(0)
    expect(lab.processor.tally.counts).toMatchObject({ taken: 1, failed: 1, handedBack: 0 })
  })

  it('keeps it after ten returns, goes on with others, and gives it back when it ends', async () => {
    const day = 86_400_000
    const { clock, lab } = await scene(day)
    expect([lab.depth(), lab.depth(deadQueue), lab.intake.waiting]).toEqual([0, 0, 1])
    lab.publish(1, 'other')
    await clock.advance(1_000)
    expect(lab.processor.tally.counts).toMatchObject({ taken: 2, failed: 2 })
    const stopping = lab.intake.stop()
    await clock.advance(1_000)
    await stopping
    expect([lab.depth(), lab.depth(deadQueue), lab.intake.waiting]).toEqual([2, 0, 0])
  })

  it('stops at once all the same', async () => {
    const { clock, lab } = await scene()
    let stopped = false
    const stopping = lab.intake.stop().then(() => (stopped = true))
    await clock.advance(100)
    expect(stopped).toBe(true)
    await stopping
  })
})
