import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { PollLaw } from '../../adapters/brokers/sqs/poll-law.ts'
import { PermitLedger } from '../../adapters/brokers/shared/permit-ledger.ts'

/** A consumer to which things happen by number. */
class Model {
  readonly ledger: PermitLedger
  readonly #law: PollLaw
  readonly #underWay: number[] = []
  unsettled = 0

  constructor(permits: number, maxUnsettled: number) {
    this.ledger = new PermitLedger(permits)
    this.#law = new PollLaw(this.ledger, maxUnsettled)
  }

  get asked(): number {
    return this.#underWay.reduce((sum, one) => sum + one, 0)
  }

  get largest(): number {
    return Math.max(0, ...this.#underWay)
  }

  readonly happenings = {
    begin: () => {
      const ask = this.#law.next(true)
      if (ask === 0) return
      this.#law.begin(ask)
      this.#underWay.push(ask)
    },
    end: (size: number) => {
      const asked = this.#underWay.shift()
      if (asked === undefined) return
      this.#law.end(asked, Math.min(asked, size))
      this.unsettled += Math.min(asked, size)
    },
    settle: () => {
      if (this.unsettled === 0) return
      this.#law.settled()
      this.unsettled--
    },
    grant: (size: number) => void this.ledger.grant(this.ledger.granted + size),
  } as const
}

const step = fc.tuple(fc.constantFrom('begin', 'end', 'settle', 'grant'), fc.nat(10))

describe('polls', () => {
  it.each([
    ['with permits', 3],
    ['that stream', Infinity],
  ])('%s never bring more than permits and places allow, whatever comes', (_, permits) => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), fc.integer({ min: 1, max: 40 }), (steps, maxUnsettled) => {
        const model = new Model(permits, maxUnsettled)
        for (const [kind, size] of steps) {
          model.happenings[kind](size)
          expect(model.unsettled + model.asked).toBeLessThanOrEqual(maxUnsettled)
          expect(model.ledger.left).toBeGreaterThanOrEqual(model.asked)
          expect(model.largest).toBeLessThanOrEqual(10)
        }
      }),
    )
  })

  it('of a stream ask for whole batches, and for less only where nothing else is under way', () => {
    const law = new PollLaw(new PermitLedger(Infinity), 20)
    expect(law.next(false)).toBe(10)
    law.begin(10)
    expect(law.next(false)).toBe(0)
    law.end(10, 10)
    expect(law.next(false)).toBe(10)
    law.begin(10)
    law.end(10, 5)
    expect([law.next(false), law.next(true)]).toEqual([0, 5])
  })

  it('of a stream are more where batches are full, and fewer where messages come one by one', () => {
    const law = new PollLaw(new PermitLedger(Infinity), 1_000)
    const fill = (): number => {
      for (let ask = law.next(false); ask > 0; ask = law.next(false)) law.begin(ask)
      return law.polls
    }
    for (let full = 0; full < 15; full++) {
      fill()
      law.end(10, 10)
    }
    expect(fill()).toBe(10)
    while (law.polls > 1) law.end(10, 1)
    law.end(10, 1)
    expect(fill()).toBe(1)
  })

  it('with permits are more, the more permits lie unused', () => {
    const polls = [1, 3, 4, 9, 30, 100].map((permits) => {
      const law = new PollLaw(new PermitLedger(permits), 200)
      for (let ask = law.next(false); ask > 0; ask = law.next(false)) law.begin(ask)
      return law.polls
    })
    expect(polls).toEqual([1, 1, 2, 3, 10, 20])
  })
})
