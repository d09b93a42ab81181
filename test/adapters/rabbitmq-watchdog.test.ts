import { describe, expect, it } from 'vitest'
import { leastSilenceMs, nextSilenceMs, untilForgotten } from '../../adapters/brokers/rabbitmq/watchdog.ts'
import { manualClock } from '../support/manual-clock.ts'

interface Queue {
  deliveries: number
  thirsty: boolean
  counts: { messageCount: number; consumerCount: number } | undefined
  asked: number
}

const nothing = (): void => {}

/** A consumer that is watched for ten minutes while something happens to it every second. */
async function watch(start: Partial<Queue>, happens: (queue: Queue, second: number) => void = nothing) {
  const clock = manualClock()
  const queue: Queue = {
    deliveries: 0,
    thirsty: true,
    counts: { messageCount: 5, consumerCount: 1 },
    asked: 0,
    ...start,
  }
  const stopping = new AbortController()
  const watched = {
    deliveries: () => queue.deliveries,
    thirsty: () => queue.thirsty,
    silenceMs: leastSilenceMs,
    count: async () => {
      queue.asked++
      if (queue.counts === undefined) throw new Error('no answer')
      return queue.counts
    },
    clock,
    random: () => 0.5,
  }
  let found: string | undefined
  let foundAt: number | undefined
  const watching = untilForgotten(watched, stopping.signal).then((what) => {
    found = what
    foundAt = what === undefined ? undefined : clock.now()
  })
  const from = clock.now()
  for (let second = 0; second < 600 && found === undefined; second++) {
    happens(queue, second)
    await clock.advance(1_000)
  }
  stopping.abort()
  await clock.advance(0)
  await watching
  return { found, afterMs: foundAt === undefined ? undefined : foundAt - from, asked: queue.asked }
}

describe('a consumer that the broker may have forgotten', () => {
  it('is found when messages wait and none comes', async () => {
    expect(await watch({})).toEqual({
      found: '5 messages wait and none is delivered',
      afterMs: 22_000,
      asked: 2,
    })
  })

  it('is found when the queue knows no consumer, also an empty one', async () => {
    const { found } = await watch({ counts: { messageCount: 0, consumerCount: 0 } })
    expect(found).toBe('the queue knows no consumer')
  })

  const innocent: readonly (readonly [string, Partial<Queue>, (queue: Queue, second: number) => void])[] = [
    ['an empty queue', { counts: { messageCount: 0, consumerCount: 3 } }, nothing],
    ['no credit', { thirsty: false }, nothing],
    ['a queue that does not answer', { counts: undefined }, nothing],
    ['a message each 15 seconds', {}, (queue, second) => void (queue.deliveries += second % 15 === 0 ? 1 : 0)],
    [
      'messages that wait for a moment only',
      {},
      (queue, second) => void (queue.counts = { messageCount: second % 22 < 21 ? 0 : 9, consumerCount: 1 }),
    ],
    [
      'a delivery while the proof is awaited',
      {},
      (queue, second) => void (queue.deliveries += second % 21 === 0 ? 1 : 0),
    ],
  ]

  it.each(innocent)('is not found with %s', async (_, start, happens) => {
    expect((await watch(start, happens)).found).toBeUndefined()
  })

  it('is not asked for while messages come', async () => {
    expect((await watch({}, (queue) => void queue.deliveries++)).asked).toBe(0)
  })
})

it.each([
  [20_000, true, 20_000],
  [160_000, true, 20_000],
  [20_000, false, 40_000],
  [40_000, false, 80_000],
  [3_000_000, false, 3_600_000],
])('after one that was watched for %i ms (served: %s) the next consumer is for %i', (silenceMs, wasServed, next) => {
  expect(nextSilenceMs(silenceMs, wasServed)).toBe(next)
})
