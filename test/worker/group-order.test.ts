import fc from 'fast-check'
import { expect, it } from 'vitest'
import type { Message } from '../../src/contracts/handler.ts'
import { eventually } from '../support/eventually.ts'
import { useTeardown } from '../support/teardown.ts'
import { bench, queue } from './support/bench.ts'
import type { Bench, BenchOptions } from './support/bench.ts'

const teardown = useTeardown()

/** A handler that takes a turn of the event loop or more, and remembers what began and how many of a group ran at a time. */
function recorder(fails: (message: Message, time: number) => boolean = () => false) {
  const begun: string[] = []
  const running = new Set<string | undefined>()
  const overlaps: string[] = []
  const handle = async (message: Message): Promise<void> => {
    const { id, group } = message
    if (group !== undefined && running.has(group)) overlaps.push(id)
    running.add(group)
    begun.push(id)
    const time = begun.filter((one) => one === id).length
    await new Promise((resolve) => setTimeout(resolve, id.length % 3))
    running.delete(group)
    if (fails(message, time)) throw new Error('as the test wants it')
  }
  return { begun, overlaps, handle }
}

function publish({ server }: Bench, groups: readonly string[]): void {
  for (const [index, group] of groups.entries())
    server.publish(queue, { id: `${group}-${index}`, body: Buffer.from('{}'), group })
}

function order(begun: readonly string[], group: string): readonly string[] {
  return begun.filter((id) => id.startsWith(`${group}-`))
}

function inOrder(ids: readonly string[]): readonly string[] {
  return ids.toSorted((a, b) => Number(a.split('-')[1]) - Number(b.split('-')[1]))
}

const lanes = [
  ['a stable version', (lab: Bench) => lab.stream()],
  ['a canary', (lab: Bench) => lab.throttle({ concurrency: 6 })],
] as const

it.each(lanes)('%s begins the messages of a group one after the other, groups side by side', async (_, open) => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.constantFrom('a', 'b', 'c', 'd'), { minLength: 1, maxLength: 60 }), async (groups) => {
      const { begun, overlaps, handle } = recorder()
      const lab = bench(teardown, { handle, concurrency: 6 })
      publish(lab, groups)
      open(lab)
      await eventually(() => begun.length === groups.length && lab.processor.inFlight.held === 0, {
        what: 'all handled',
      })
      expect(overlaps).toEqual([])
      for (const group of new Set(groups)) expect(order(begun, group)).toEqual(inOrder(order(begun, group)))
      expect(lab.processor.groups.waiting).toBe(0)
      await lab.intake.close()
    }),
    { numRuns: 15 },
  )
})

it('a failed message keeps its group waiting until it was tried again, and no other group', async () => {
  const { begun, overlaps, handle } = recorder(({ id }, time) => id === 'a-0' && time < 3)
  const lab = bench(teardown, { handle, concurrency: 6, retryDelayMs: 30, maxAttempts: 5 })
  publish(lab, ['a', 'a', 'a', 'b', 'b'])
  lab.stream()
  await lab.counts('taken', 5)
  await eventually(() => begun.length === 7, { what: 'all handled' })
  expect(order(begun, 'a')).toEqual(['a-0', 'a-0', 'a-0', 'a-1', 'a-2'])
  expect(order(begun, 'b')).toEqual(['b-3', 'b-4'])
  expect(begun.indexOf('b-4')).toBeLessThan(begun.indexOf('a-1'))
  expect(overlaps).toEqual([])
})

it('after a dead letter its group goes on', async () => {
  const { begun, handle } = recorder(({ id }) => id === 'a-0')
  const lab = bench(teardown, { handle, maxAttempts: 2 })
  publish(lab, ['a', 'a'])
  lab.stream()
  await eventually(() => begun.includes('a-1'), { what: 'the next of the group' })
  expect(begun).toEqual(['a-0', 'a-0', 'a-1'])
})

it.each([true, false])(
  'what a canary had of a group after a message that it failed is not begun (hand-back: %s)',
  async (handBack) => {
    const options: BenchOptions = { ...recorder(), handle: () => {}, concurrency: 6, handBack }
    const { begun, handle } = recorder(({ id }) => id === 'a-0')
    const lab = bench(teardown, { ...options, handle })
    publish(lab, ['a', 'a', 'a'])
    lab.throttle({ concurrency: 6, permits: 3 })
    await lab.counts('returned', 2)
    await eventually(() => lab.processor.inFlight.held === 0, { what: 'nothing held' })
    expect(lab.processor.tally.counts).toMatchObject({ failed: 1, handedBack: Number(handBack) })
    expect(begun).toEqual(['a-0'])
    expect(lab.processor.groups.waiting).toBe(0)
  },
)

it.each([
  ['a stable version', 1, lanes[0][1]],
  ['a canary', 2, lanes[1][1]],
] as const)('%s returns what came after a message of the group that it does not accept', async (_, times, open) => {
  const { begun, handle } = recorder()
  const handler = { handle, accepts: { header: 'schema', range: '<2' } }
  const lab = bench(teardown, { handler, concurrency: 6, handBack: false })
  for (const [index, schema] of [1, 2, 1].entries())
    lab.server.publish(queue, { id: `a-${index}`, body: Buffer.from('{}'), group: 'a', headers: { schema } })
  open(lab)
  await lab.counts('returned', times)
  expect(begun.slice(0, times)).toEqual(['a-0'])
})

it('a canary begins nothing of a group before a message that it has failed before', async () => {
  const { begun, handle } = recorder(({ id }) => id === 'a-0')
  const lab = bench(teardown, { handle, concurrency: 6, handBack: false })
  publish(lab, ['a', 'a'])
  lab.throttle({ concurrency: 6, permits: 100 })
  await lab.counts('returned', 3)
  expect(begun).toEqual(['a-0'])
  expect(lab.processor.tally.counts).toMatchObject({ failed: 1, succeeded: 0 })
})

it('a drain returns what waits for its group', async () => {
  let release = (): void => {}
  const lab = bench(teardown, { handle: () => new Promise<void>((resolve) => (release = resolve)), concurrency: 6 })
  publish(lab, ['a', 'a', 'a'])
  lab.stream()
  await eventually(() => lab.processor.groups.waiting === 2, { what: 'two wait' })
  await lab.intake.stop()
  expect(lab.processor.groups.waiting).toBe(0)
  expect(lab.depth()).toBe(2)
  release()
  await eventually(() => lab.processor.inFlight.held === 0, { what: 'the begun one ends' })
  expect(lab.depth()).toBe(2)
})
