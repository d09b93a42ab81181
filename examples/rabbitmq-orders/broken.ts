import { setTimeout as pause } from 'node:timers/promises'
import type { Handle } from 'queue-canary'

/** v3: fails 5 of 100 messages. A bare function is a handler too. */
const handle: Handle = async (_message, { signal }) => {
  await pause(5, undefined, { signal })
  if (Math.random() < 0.05) throw new Error('v3 does not understand this order')
}

export default handle
