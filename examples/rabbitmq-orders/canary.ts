import { setTimeout as pause } from 'node:timers/promises'
import { defineHandler } from 'queue-canary'

interface Order {
  readonly amount: number
  readonly currency?: string
}

const rates = new Map<string, number>()

/** v2: knows currencies, whose rates it loads before its first message. */
export default defineHandler<Order>({
  warmUp: async ({ signal }) => {
    await pause(100, undefined, { signal })
    rates.set('EUR', 1).set('CHF', 1.06)
  },
  handle: async (message, { signal }) => {
    const { amount, currency = 'EUR' } = message.json()
    await pause(5, undefined, { signal })
    if (!rates.has(currency) || amount < 0) throw new RangeError('an order that cannot be charged')
  },
  close: () => rates.clear(),
})
