import { setTimeout as pause } from 'node:timers/promises'
import { defineHandler } from 'queue-canary'

interface Order {
  readonly amount: number
}

/** v1: what is in production. Returning is success, throwing is failure. */
export default defineHandler<Order>({
  handle: async (message, { signal }) => {
    const { amount } = message.json()
    await pause(5, undefined, { signal })
    if (amount < 0) throw new RangeError('an amount below zero')
  },
})
