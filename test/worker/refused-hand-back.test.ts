import { expect, it } from 'vitest'
import { QueueCanaryError } from '../../src/errors.ts'
import { eventually } from '../support/eventually.ts'
import { useTeardown } from '../support/teardown.ts'
import { bench } from './support/bench.ts'
import type { Bench } from './support/bench.ts'

const teardown = useTeardown()
const fail = (): never => {
  throw new Error('no')
}

it('a hand-back that the broker refuses is not tried again: the message is returned, and counts as none that was handed back', async () => {
  const lab = bench(teardown, { handle: fail })
  const tries = refuseHandBacks(lab)
  lab.publish(1)
  lab.throttle({ concurrency: 1, permits: 1 })
  await lab.counts('failed', 1)
  await eventually(() => lab.depth() === 1, { what: 'the message in its queue', deadlineMs: 2_000 })
  expect([tries.length, lab.processor.inFlight.held]).toEqual([1, 0])
  expect(lab.processor.tally.counts).toMatchObject({ failed: 1, handedBack: 0, returned: 0 })
})

/** Of each try, its message. */
function refuseHandBacks({ broker }: Bench): readonly string[] {
  const tries: string[] = []
  const subscribe = broker.subscribe.bind(broker)
  broker.subscribe = (request, sink) =>
    subscribe(request, {
      onLink: (...told) => sink.onLink(...told),
      onDelivery: (delivery) =>
        sink.onDelivery(
          Object.assign(delivery, {
            handBack: async () => {
              tries.push(delivery.message.id)
              throw new QueueCanaryError('BROKER_REFUSED', 'it is too large')
            },
          }),
        ),
    })
  return tries
}
