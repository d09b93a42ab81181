import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { AckRun } from '../../adapters/brokers/rabbitmq/ack-run.ts'

/** The broker's side of a channel: what is delivered and not settled. It breaks off at a tag that it does not know. */
class Unsettled {
  readonly tags = new Set<number>()
  readonly acked: number[] = []

  settle(tag: number): void {
    if (!this.tags.delete(tag)) throw new Error(`unknown delivery tag ${tag}`)
  }

  ack({ upTo, single }: ReturnType<AckRun['take']>): void {
    if (upTo > 0) {
      if (!this.tags.has(upTo)) throw new Error(`unknown delivery tag ${upTo}`)
      for (const tag of [...this.tags].filter((open) => open <= upTo)) this.#done(tag)
    }
    for (const tag of single) this.#done(tag)
  }

  #done(tag: number): void {
    this.settle(tag)
    this.acked.push(tag)
  }
}

/** What becomes of each delivery, and in which order; `flush` after how many settlements. */
const stories = fc.integer({ min: 1, max: 60 }).chain((count) =>
  fc.record({
    fates: fc.array(fc.constantFrom('ack', 'ack', 'ack', 'skip', 'leave'), { minLength: count, maxLength: count }),
    order: fc.shuffledSubarray(
      Array.from({ length: count }, (_, index) => index + 1),
      { minLength: count, maxLength: count },
    ),
    flushes: fc.array(fc.boolean(), { minLength: count, maxLength: count }),
  }),
)

describe('ack run', () => {
  it('acks every acked delivery once and no other, whatever the order', () => {
    fc.assert(
      fc.property(stories, ({ fates, order, flushes }) => {
        const broker = new Unsettled()
        const run = new AckRun()
        for (const tag of order) broker.tags.add(tag)
        order.forEach((tag, index) => {
          const fate = fates[tag - 1]
          if (fate === 'ack') run.ack(tag)
          if (fate === 'skip') {
            run.skip(tag)
            broker.settle(tag)
          }
          if (flushes[index] === true) broker.ack(run.take())
        })
        broker.ack(run.take())
        const having = (some: string): number[] => order.filter((tag) => fates[tag - 1] === some)
        expect(broker.acked).toHaveLength(having('ack').length)
        expect(new Set(broker.acked)).toEqual(new Set(having('ack')))
        expect(broker.tags).toEqual(new Set(having('leave')))
        expect(run.take()).toEqual({ upTo: 0, single: [] })
      }),
      { numRuns: 2_000 },
    )
  })

  it('sends one run for what was settled in order', () => {
    const run = new AckRun()
    for (let tag = 1; tag <= 250; tag++) run.ack(tag)
    expect(run.take()).toEqual({ upTo: 250, single: [] })
  })

  it('holds nothing back behind an unsettled delivery, and goes on with runs after it', () => {
    const run = new AckRun()
    run.ack(2)
    run.ack(3)
    expect(run.take()).toEqual({ upTo: 0, single: [2, 3] })
    run.ack(1)
    run.ack(4)
    expect(run.take()).toEqual({ upTo: 4, single: [] })
  })

  it('ends a run at a delivery that the broker still knows', () => {
    const run = new AckRun()
    run.ack(1)
    run.skip(2)
    expect(run.take()).toEqual({ upTo: 1, single: [] })
    run.skip(3)
    expect(run.take()).toEqual({ upTo: 0, single: [] })
  })

  it('keeps what is unsettled, not what was settled behind it', () => {
    const [run, before] = [new AckRun(), heapUsed()]
    for (let tag = 2; tag <= 500_000; tag++) {
      run.ack(tag)
      if (tag % 10 === 0) run.take()
    }
    expect(heapUsed() - before).toBeLessThan(2 ** 21)
    run.ack(1)
    expect(run.take()).toEqual({ upTo: 1, single: [] })
  })
})

/** After a collection. */
function heapUsed(): number {
  setFlagsFromString('--expose-gc')
  runInNewContext('gc')()
  return process.memoryUsage().heapUsed
}
