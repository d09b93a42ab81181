import { describe, expect, it } from 'vitest'
import { follow, stillnessWatch } from '../../src/cli/follow.ts'
import { QueueCanaryError } from '../../src/errors.ts'
import { statusOf } from '../../src/status/snapshot.ts'
import { secondStep } from '../status/fixtures.ts'
import { manualClock } from '../support/manual-clock.ts'

const unreachable = new QueueCanaryError('STORE_UNREACHABLE', 'gone')
const refused = new QueueCanaryError('STORE_REFUSED', 'no')

function run(
  read: () => Promise<number>,
  { timeoutMs, isOver = () => false }: { timeoutMs?: number; isOver?: (n: number) => boolean } = {},
) {
  const clock = manualClock()
  const end = new AbortController()
  const seen: number[] = []
  const notes: string[] = []
  const settled: unknown[] = []
  const options = { read, isOver, clock, everyMs: 500, timeoutMs, signal: end.signal }
  const onTrouble = (note: string) => void notes.push(note)
  follow({ ...options, onTrouble, onValue: (value) => void seen.push(value) }).then(
    (followed) => settled.push(followed),
    (error: unknown) => settled.push(error),
  )
  return { clock, end, seen, notes, settled }
}

describe('following', () => {
  it('looks again and again until it is over', async () => {
    let count = 0
    const { clock, seen, settled } = run(async () => ++count, { isOver: (n) => n === 3 })
    await clock.advance(5_000)
    expect(seen).toEqual([1, 2, 3])
    expect(settled).toEqual([{ kind: 'over', value: 3 }])
  })

  it('ends when the time is up, and not before', async () => {
    const { clock, seen, settled } = run(async () => 1, { timeoutMs: 1_200 })
    await clock.advance(1_199)
    expect(settled).toEqual([])
    await clock.advance(1)
    expect(settled).toEqual([{ kind: 'timedOut' }])
    expect(seen).toHaveLength(4)
  })

  it('ends at once when it is interrupted', async () => {
    const { clock, end, settled } = run(async () => 1)
    await clock.advance(100)
    end.abort()
    await clock.advance(0)
    expect(settled).toEqual([{ kind: 'interrupted' }])
  })

  it('waits a little for a document that was there and is gone, and for no other', async () => {
    const missing = new QueueCanaryError('NOT_FOUND', 'no worker has registered')
    let isThere = true
    const read = async (): Promise<number> => {
      if (isThere) return 1
      throw missing
    }
    const { clock, seen, settled } = run(read)
    await clock.advance(1_000)
    isThere = false
    await clock.advance(9_000)
    isThere = true
    await clock.advance(500)
    expect(seen).toHaveLength(4)
    isThere = false
    await clock.advance(12_000)
    expect(settled).toEqual([missing])
    const never = run(() => Promise.reject(missing))
    await never.clock.advance(0)
    expect(never.settled).toEqual([missing])
  })

  it.each([
    ['is gone', unreachable],
    ['refuses', refused],
  ])('waits out a store that has answered, and %s for a while', async (_, trouble) => {
    let down = false
    const { clock, seen, settled } = run(async () => {
      if (down) throw trouble
      return 1
    })
    await clock.advance(1_000)
    down = true
    await clock.advance(119_000)
    down = false
    await clock.advance(1_000)
    expect(settled).toEqual([])
    expect(seen).toHaveLength(5)
    down = true
    await clock.advance(121_000)
    expect(settled).toEqual([trouble])
  })

  it('says once that a store has not answered for 5 seconds, and that it is back', async () => {
    let down = true
    const { clock, notes } = run(async () => {
      if (down) throw unreachable
      return 1
    })
    await clock.advance(4_999)
    expect(notes).toEqual([])
    await clock.advance(20_000)
    const told = 'nothing could be read from the store for 5s: gone; waiting up to 2m00s'
    expect(notes).toEqual([told])
    down = false
    await clock.advance(1_000)
    expect(notes).toEqual([told, 'the store can be read again'])
    down = true
    await clock.advance(4_000)
    down = false
    await clock.advance(10_000)
    expect(notes).toHaveLength(2)
  })

  it('gives up on a store that stays away', async () => {
    const { clock, settled } = run(async () => {
      throw unreachable
    })
    await clock.advance(119_999)
    expect(settled).toEqual([])
    await clock.advance(1_000)
    expect(settled).toEqual([unreachable])
  })

  it('gives up at once on a store that refuses from the start', async () => {
    const { clock, settled } = run(async () => {
      throw refused
    })
    await clock.advance(0)
    expect(settled).toEqual([refused])
  })
})

describe('a queue that nobody moves', () => {
  const status = statusOf(secondStep())

  it('is told of once, after 15 seconds', async () => {
    const clock = manualClock()
    const notes: string[] = []
    const look = stillnessWatch(clock, (note) => void notes.push(note))
    look(status)
    await clock.advance(14_999)
    look(status)
    expect(notes).toEqual([])
    await clock.advance(1)
    look(status)
    await clock.advance(60_000)
    look(status)
    expect(notes).toEqual([expect.stringMatching(/^no coordinator has moved this queue for 15 s/)])
  })

  it('is not told of while the document changes', async () => {
    const clock = manualClock()
    const notes: string[] = []
    const look = stillnessWatch(clock, (note) => void notes.push(note))
    for (let sequence = 0; sequence < 10; sequence += 1) {
      look({ ...status, sequence })
      await clock.advance(10_000)
    }
    expect(notes).toEqual([])
  })
})
