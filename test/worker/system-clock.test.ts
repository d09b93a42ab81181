import { getEventListeners } from 'node:events'
import { afterEach, expect, test, vi } from 'vitest'
import { systemClock } from '../../src/worker/system-clock.ts'
import { settles } from '../support/eventually.ts'

const day = 86_400_000

afterEach(() => vi.useRealTimers())

test('now is monotonic and wall is the time of day', async () => {
  const clock = systemClock()
  const before = clock.now()
  await clock.sleep(5)
  expect(clock.now()).toBeGreaterThan(before)
  expect(Math.abs(clock.wall() - Date.now())).toBeLessThan(1_000)
})

test.each([0, 1, 7, 20])('a sleep of %i ms never ends early by its own clock', async (ms) => {
  const clock = systemClock()
  const before = clock.now()
  await clock.sleep(ms)
  expect(clock.now() - before).toBeGreaterThanOrEqual(ms)
})

test.each([-1, Number.NaN])('a sleep of %d ms ends at once', async (ms) => {
  await expect(settles(systemClock().sleep(ms), { what: 'the sleep' })).resolves.toBeUndefined()
})

test('an abort ends a sleep at once and leaves no listener behind', async () => {
  const clock = systemClock()
  const controller = new AbortController()
  const sleeps = [clock.sleep(day, controller.signal), clock.sleep(Infinity, controller.signal)]
  await clock.sleep(1, controller.signal)
  expect(getEventListeners(controller.signal, 'abort')).toHaveLength(2)
  controller.abort()
  await settles(Promise.all(sleeps), { what: 'the aborted sleeps', deadlineMs: 2_000 })
  expect(getEventListeners(controller.signal, 'abort')).toHaveLength(0)
  await settles(clock.sleep(day, controller.signal), { what: 'a sleep with an aborted signal', deadlineMs: 2_000 })
})

test('a sleep beyond 24.8 days lasts as long as it says', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] })
  let done = false
  const sleeping = systemClock()
    .sleep(60 * day)
    .then(() => (done = true))
  await vi.advanceTimersByTimeAsync(60 * day - 1_000)
  expect(done).toBe(false)
  await vi.advanceTimersByTimeAsync(1_000)
  expect(done).toBe(true)
  await sleeping
})
