import { describe, expect, it } from 'vitest'
import { PaceMeter } from '../../../src/core/allocation/pace-meter.ts'

/** Looks every 50 ms; `total` tells what was taken by then. */
function meterAfter(looks: number, total: (look: number) => number): PaceMeter {
  const meter = new PaceMeter()
  for (let look = 0; look <= looks; look++) meter.look(total(look), look * 50)
  return meter
}

describe('the pace of a queue', () => {
  it.each([20, 200, 2_000, 20_000])('is %i messages a second after two seconds of them', (perSecond) => {
    const { ratePerMs } = meterAfter(40, (look) => Math.floor((look * 50 * perSecond) / 1_000)).pace
    expect(Math.abs((ratePerMs * 1_000) / perSecond - 1)).toBeLessThan(0.2)
  })

  it('foresees no second standstill after a coordinator that stood still between its first two looks', () => {
    const meter = new PaceMeter()
    meter.look(100, 0)
    meter.look(110, 15_000)
    expect(meter.pace.horizonMs).toBeLessThanOrEqual(1_000)
  })

  it('is followed within half a second where it becomes twenty times as fast', () => {
    const { ratePerMs } = meterAfter(50, (look) => (look <= 40 ? 10 * look : 400 + 200 * (look - 40))).pace
    expect(ratePerMs).toBeGreaterThan(2)
  })
})
