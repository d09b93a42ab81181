import { describe, expect, it } from 'vitest'
import { realClock } from '../../adapters/brokers/rabbitmq/timing.ts'
import { eventually } from '../support/eventually.ts'
import { testServer } from '../support/rabbitmq.ts'
import { openCase, streaming, throttled } from '../support/rabbitmq-case.ts'
import { LedgerSink } from '../support/rabbitmq-ledger.ts'
import { useTeardown } from '../support/teardown.ts'

const server = testServer()
const { control } = server

/** The long silences of the watchdog pass sooner; every other wait is as it is. */
const hurried = {
  ...realClock,
  sleep: (ms: number, signal?: AbortSignal) => realClock.sleep(ms > 14_000 ? ms / 20 : ms, signal),
}

describe.skipIf(control === undefined)('a consumer that the server forgets without a word', () => {
  const teardown = useTeardown()

  /** The queue's process takes its consumers off, and tells nobody. */
  async function forgetConsumers(queue: string): Promise<void> {
    await control?.ctl(
      'eval',
      `{ok, Q} = rabbit_amqqueue:lookup(rabbit_misc:r(<<"/">>, queue, <<"${queue}">>)),
       Cancel = fun (Channel, Tag) ->
         case rabbit_misc:version_compare(rabbit_misc:version(), "4.0.0", lt) of
           true -> {basic_cancel, Channel, Tag, undefined, <<"test">>};
           false -> {stop_consumer, #{pid => Channel, consumer_tag => Tag, user => <<"test">>}}
         end
       end,
       [ok = gen_server2:call(amqqueue:get_pid(Q), Cancel(element(1, C), element(2, C))) || C <- rabbit_amqqueue:consumers(Q)].`,
    )
  }

  it.each([
    ['that streams', streaming],
    ['with permits', { ...throttled, permits: 100 }],
  ])('%s takes part again', async (_, request) => {
    const target = await openCase(server, teardown, 'classic')
    const sink = new LedgerSink()
    await target.broker({ clock: hurried }).subscribe(request, sink)
    await sink.isLinked('consuming')
    await target.publish(1, 'before')
    await eventually(() => sink.count === 1, { what: 'a delivery' })
    await forgetConsumers(target.queue)
    const ids = await target.publish(5, 'after')
    await eventually(() => ids.every((id) => sink.ids.has(id)), {
      what: 'deliveries to a new consumer',
      deadlineMs: 15_000,
    })
    expect(sink.states).toContain('connecting')
    expect(sink.unexplainedDuplicates()).toEqual([])
  })
})
