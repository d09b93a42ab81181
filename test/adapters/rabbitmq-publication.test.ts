import { expect, it } from 'vitest'
import { Publication } from '../../adapters/brokers/rabbitmq/publication.ts'
import { isQueueCanaryError } from '../../src/errors.ts'
import { manualClock } from '../support/manual-clock.ts'

const place = { server: 'rabbit:5672/', queue: 'orders.queue-canary.hand-back' }

it.each([
  ['Expected ConnectionOpenOk; got <ConnectionClose channel:0>', 'HAND_BACK_FAILED'],
  ['No channels left to allocate', 'HAND_BACK_FAILED'],
  ['Handshake terminated by server: 403 (ACCESS-REFUSED)', 'BROKER_REFUSED'],
] as const)(
  'a hand-back that fails with "%s" is %s: a limit may pass, a right does not come by itself',
  async (text, code) => {
    const fails = async (): Promise<never> => {
      throw new Error(text)
    }
    const publication = new Publication({ clock: manualClock(), place, failure: 'HAND_BACK_FAILED' }, fails)
    const failure = await publication.confirmed().catch((error: unknown) => error)
    expect(isQueueCanaryError(failure, code)).toBe(true)
  },
)
