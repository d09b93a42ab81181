import { expect, it } from 'vitest'
import { explain } from '../../adapters/stores/nats/failures.ts'
import { ApiError } from '../../adapters/stores/nats/jetstream.ts'

it.each([
  [10008, 'STORE_UNREACHABLE', 'has no leader for its streams at the moment (10008)'],
  [10163, 'STORE_UNREACHABLE', 'has a leader that is not ready yet; try again (10163)'],
  [10167, 'STORE_UNREACHABLE', 'has too many requests at the moment; try again (10167)'],
  [10076, 'STORE_REFUSED', 'has no JetStream: start it with -js or a jetstream block (10076)'],
  [10052, 'STORE_REFUSED', 'answers with an error of JetStream (10052)'],
])('error %i of JetStream is %s', (number, code, text) => {
  expect(explain(new ApiError(number))).toEqual({ code, text, anew: false })
})
