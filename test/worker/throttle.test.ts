import { afterEach, expect, it, vi } from 'vitest'
import { systemClock } from '../../src/worker/system-clock.ts'
import { Throttle } from '../../src/worker/throttle.ts'
import { eventually } from '../support/eventually.ts'

afterEach(() => vi.restoreAllMocks())

it('starts jobs also after the wall clock was set back by an hour', async () => {
  const startedAt: number[] = []
  const job = async (): Promise<void> => void startedAt.push(performance.now())
  const throttle = new Throttle({
    slots: 1,
    delayMs: 50,
    clock: systemClock(),
    onReady: () => void (startedAt.length < 3 && throttle.start(job)),
  })
  throttle.start(job)
  await eventually(() => startedAt.length === 1, { what: 'the first job' })
  const realNow = Date.now.bind(Date)
  vi.spyOn(Date, 'now').mockImplementation(() => realNow() - 3_600_000)
  await eventually(() => startedAt.length === 3, { what: 'two more jobs, paced', deadlineMs: 5_000 })
  const gaps = startedAt.slice(1).map((at, index) => at - (startedAt[index] ?? 0))
  for (const gap of gaps) expect(gap).toBeGreaterThanOrEqual(49)
  throttle.close()
})
