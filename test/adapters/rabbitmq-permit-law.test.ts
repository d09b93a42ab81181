import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { PermitLaw } from '../../adapters/brokers/rabbitmq/permit-law.ts'
import { PermitLedger } from '../../adapters/brokers/shared/permit-ledger.ts'

/**
 * A broker with endless messages on the other end of a slow wire, and a client that obeys the law. Requests and deliveries keep their
 * order and are on their way for as long as the story likes.
 */
class Wire {
  readonly #law: PermitLaw
  readonly ledger: PermitLedger
  readonly #maxUnsettled: number
  readonly #toBroker: (() => void)[] = []
  readonly #toClient: (() => void)[] = []
  readonly #credit = new Map<number, number>()
  readonly #unsettled: number[] = []
  #consumer = 0
  #state: 'idle' | 'starting' | 'consuming' | 'cancelling' = 'idle'
  taken = 0
  excess = 0

  constructor(granted: number, maxUnsettled: number) {
    this.ledger = new PermitLedger(granted)
    this.#law = new PermitLaw(this.ledger, maxUnsettled)
    this.#maxUnsettled = maxUnsettled
  }

  grant(more: number): void {
    this.ledger.grant(this.ledger.granted + more)
    this.look()
  }

  look(): void {
    if (this.#state === 'idle' && this.#law.room > 0) this.#begin()
    else if (this.#state === 'consuming' && this.#law.starved) this.#cancel()
  }

  /** The oldest or the newest unsettled delivery. */
  settle(oldest: boolean): void {
    const consumer = oldest ? this.#unsettled.shift() : this.#unsettled.pop()
    if (consumer === undefined) return
    const present = consumer === this.#consumer && (this.#state === 'consuming' || this.#state === 'cancelling')
    if (present && this.#state === 'consuming' && this.#law.mustCancelFirst) this.#cancel()
    this.#toBroker.push(() => this.#addCredit(consumer))
    this.#law.settled(present)
    this.look()
  }

  /** The broker works off one request; it delivers as soon and as much as it may. */
  brokerStep(): void {
    this.#toBroker.shift()?.()
    for (const [consumer, credit] of this.#credit) {
      for (let message = 0; message < credit; message++) this.#toClient.push(() => this.#delivered(consumer))
      this.#credit.set(consumer, 0)
    }
  }

  clientStep(): void {
    this.#toClient.shift()?.()
  }

  settleEverything(): void {
    while (this.#toBroker.length + this.#toClient.length + this.#unsettled.length > 0) {
      this.brokerStep()
      this.clientStep()
      if (this.#toClient.length === 0) this.settle(true)
    }
  }

  #begin(): void {
    this.#state = 'starting'
    const prefetch = this.#law.start()
    if (!(prefetch >= 1 && Number.isInteger(prefetch))) throw new Error(`prefetch ${prefetch}`)
    const consumer = ++this.#consumer
    this.#toBroker.push(() => {
      this.#toClient.push(() => {
        this.#state = 'consuming'
        this.look()
      })
      this.#credit.set(consumer, prefetch)
    })
  }

  #cancel(): void {
    this.#state = 'cancelling'
    const consumer = this.#consumer
    this.#toBroker.push(() => {
      this.#credit.delete(consumer)
      this.#toClient.push(() => {
        this.#law.ended()
        this.#state = 'idle'
        this.look()
      })
    })
  }

  #addCredit(consumer: number): void {
    const credit = this.#credit.get(consumer)
    if (credit !== undefined) this.#credit.set(consumer, credit + 1)
  }

  #delivered(consumer: number): void {
    this.taken++
    if (!this.#law.delivered() || this.taken > this.ledger.granted) this.excess++
    this.#unsettled.push(consumer)
    if (this.#unsettled.length > this.#maxUnsettled) this.excess++
    this.look()
  }
}

const steps = fc.array(
  fc.oneof(
    { weight: 1, arbitrary: fc.integer({ min: 1, max: 6 }).map((more) => (wire: Wire) => wire.grant(more)) },
    { weight: 3, arbitrary: fc.boolean().map((oldest) => (wire: Wire) => wire.settle(oldest)) },
    { weight: 4, arbitrary: fc.constant((wire: Wire) => wire.brokerStep()) },
    { weight: 4, arbitrary: fc.constant((wire: Wire) => wire.clientStep()) },
  ),
  { maxLength: 400 },
)

describe('permit law', () => {
  it('lets no broker deliver one message too many, whatever is on its way', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 5 }), fc.integer({ min: 1, max: 8 }), steps, (granted, most, story) => {
        const wire = new Wire(granted, most)
        wire.look()
        for (const step of story) step(wire)
        expect(wire.excess).toBe(0)
      }),
      { numRuns: 1_000 },
    )
  })

  it('takes everything that was granted', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 5 }), fc.integer({ min: 1, max: 8 }), steps, (granted, most, story) => {
        const wire = new Wire(granted, most)
        wire.look()
        for (const step of story) step(wire)
        wire.settleEverything()
        expect({ taken: wire.taken, excess: wire.excess }).toEqual({ taken: wire.ledger.granted, excess: 0 })
      }),
      { numRuns: 1_000 },
    )
  })

  it('keeps a consumer whose permits are raised before each settlement', () => {
    const ledger = new PermitLedger(1)
    const law = new PermitLaw(ledger, 4)
    expect(law.start()).toBe(1)
    for (let message = 1; message <= 100; message++) {
      expect(law.delivered()).toBe(true)
      ledger.grant(message + 1)
      expect(law.mustCancelFirst).toBe(false)
      law.settled(true)
    }
  })

  it('halves the prefetch when messages come slower than permits, so that the other half is settled without a new consumer', () => {
    const law = new PermitLaw(new PermitLedger(9), 100)
    expect(law.start()).toBe(9)
    law.delivered()
    expect(law.mustCancelFirst).toBe(true)
    law.settled(true)
    law.ended()
    expect(law.start()).toBe(4)
    for (let message = 0; message < 4; message++) {
      law.delivered()
      expect(law.mustCancelFirst).toBe(false)
      law.settled(true)
    }
    law.delivered()
    expect(law.mustCancelFirst).toBe(true)
  })

  it.each([Number.NaN, -1, 3, 3.9, 2])('ignores a total of %d after 3', (total) => {
    const ledger = new PermitLedger(3)
    expect(ledger.grant(total)).toBe(false)
    expect(ledger.granted).toBe(3)
  })
})
