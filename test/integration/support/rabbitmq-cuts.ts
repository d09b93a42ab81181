import { randomUUID } from 'node:crypto'
import { rabbitmqBroker } from '../../../adapters/brokers/rabbitmq/index.ts'
import type { Delivery, SubscribeRequest } from '../../../src/contracts/broker.ts'
import { messages } from '../../contract/broker/stage.ts'
import { eventually } from '../../support/eventually.ts'
import { testServer, variant } from '../../support/rabbitmq.ts'
import { LedgerSink } from '../../support/rabbitmq-ledger.ts'
import { openHelper, proxyTo } from '../../support/rabbitmq-target.ts'
import type { QueueType } from '../../support/rabbitmq-target.ts'
import { seededRandom } from '../../support/seeded-random.ts'
import type { Teardown } from '../../support/teardown.ts'

const lot = 100

const streaming = {
  source: 'queue',
  precedence: 'normal',
  maxUnsettled: 30,
  permits: Number.POSITIVE_INFINITY,
} as const
const throttled = { source: 'queue', precedence: 'ahead', maxUnsettled: 5, permits: 0 } as const

export interface CutRun {
  readonly type: QueueType
  readonly request: SubscribeRequest
  readonly seed: number
}

/** Each kind of subscription on each type of queue. */
export function cutRuns(firstSeed: number): readonly CutRun[] {
  const kinds = (['classic', 'quorum'] as const).flatMap((type) =>
    [streaming, throttled].map((request) => ({ type, request })),
  )
  return kinds.map((kind, index) => ({ ...kind, seed: firstSeed + index }))
}

/** Handlers that end at once, in a later turn, or after a few milliseconds. */
function handling(seed: number): (delivery: Delivery) => void | Promise<void> {
  const random = seededRandom(seed)
  return () => {
    const delay = random.pick([0, 0, 1, 5])
    if (delay > 0) return new Promise((resolve) => setTimeout(resolve, delay))
    return random.whole(0, 1) === 0 ? undefined : Promise.resolve()
  }
}

export interface Survived {
  readonly cuts: number
  /** Messages that were delivered again without having been in flight at a cut. */
  readonly unexplained: readonly unknown[]
}

/** Consumes over a link that is cut so many times, at random bytes and under load. Resolves when every message was handled. */
export async function surviveCuts(
  { type, request, seed }: CutRun,
  cuts: number,
  teardown: Teardown,
): Promise<Survived> {
  const server = testServer()
  const random = seededRandom(seed)
  const queue = `cuts-${randomUUID()}`
  const helper = teardown.add(await openHelper(server.url), (opened) => opened.close())
  teardown.add(await helper.declare(queue, type), () => helper.delete(queue))
  const proxy = teardown.add(await proxyTo(server.url), (opened) => opened.close())
  const url = variant(server.url, { port: proxy.port })
  const broker = teardown.add(rabbitmqBroker({ url, queue, handBack: { kind: 'off' } }), (opened) => opened.close())
  const sink = new LedgerSink(handling(seed))
  const subscription = await broker.subscribe(request, sink)
  const published: string[] = []
  const complete = (): boolean => {
    // a message that is delivered again costs a permit, too
    subscription.permit(sink.count + lot)
    return sink.ids.size === published.length
  }
  for (let cut = 0; cut < cuts; cut++) {
    // most cuts hit a link that works, the others its set-up
    const atWork = random.whole(0, 4) > 0
    if (atWork) await sink.worksAgain()
    const before = proxy.cuts
    proxy.cutAfter(random.pick(['toServer', 'toClient']), atWork ? random.whole(1, 12_000) : random.whole(1, 900))
    const outgoing = messages(lot, `lot-${cut}`)
    await helper.publish(queue, outgoing)
    published.push(...outgoing.map(({ id }) => id))
    await eventually(() => complete() || proxy.cuts > before, { what: `cut ${cut}`, deadlineMs: 60_000 })
  }
  await eventually(complete, { what: 'every message', deadlineMs: 60_000 })
  await subscription.close()
  await eventually(async () => (await helper.ready(queue)) === 0, { what: 'an empty queue' })
  return { cuts: proxy.cuts, unexplained: sink.unexplainedDuplicates() }
}
