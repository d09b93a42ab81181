import { randomUUID } from 'node:crypto'
import { inject } from 'vitest'
import { sqsBroker } from '../../../adapters/brokers/sqs/index.ts'
import type { SqsOptions } from '../../../adapters/brokers/sqs/index.ts'
import type { Broker, Delivery, SubscribeRequest } from '../../../src/contracts/broker.ts'
import type { Logger } from '../../../src/contracts/logger.ts'
import { Taker } from '../../contract/broker/stage.ts'
import { httpFaultProxy } from '../../support/http-fault-proxy.ts'
import type { HttpFaultProxy } from '../../support/http-fault-proxy.ts'
import { deadLettersOf, sqsHelper, testCredentials, testRegion } from '../../support/sqs-helper.ts'
import type { SqsHelper } from '../../support/sqs-helper.ts'
import type { Teardown } from '../../support/teardown.ts'

export interface SqsLabOptions {
  readonly fifo?: boolean
  /** Seconds. @default 3 */
  readonly visibility?: number
  /** @default 100 */
  readonly maxReceiveCount?: number
}

/** One queue, and a proxy between it and the brokers of a test. */
export interface SqsLab {
  readonly queue: string
  readonly dead: string
  readonly helper: SqsHelper
  readonly proxy: HttpFaultProxy
  /** What brokers logged, one line each. */
  readonly logged: readonly string[]
  readonly broker: (options?: Partial<SqsOptions>) => Broker
  readonly take: (
    request?: Partial<SubscribeRequest>,
    react?: (delivery: Delivery, taker: Taker) => void,
    broker?: Broker,
  ) => Promise<Taker>
}

export async function openSqsLab(teardown: Teardown, options: SqsLabOptions = {}): Promise<SqsLab> {
  const { fifo = false, visibility = 3, maxReceiveCount } = options
  const { endpoint } = inject('sqs')
  const queue = `lab-${randomUUID()}${fifo ? '.fifo' : ''}`
  const dead = deadLettersOf(queue)
  const helper = teardown.add(sqsHelper(endpoint), (made) => made.close())
  await helper.declare(queue, { VisibilityTimeout: String(visibility) }, maxReceiveCount)
  teardown.add(queue, () => Promise.all([queue, dead].map((name) => helper.delete(name))))
  const proxy = teardown.add(await httpFaultProxy(endpoint), (made) => made.close())
  const logged: string[] = []
  const write = (fields: object, text: string): void => void logged.push(`${JSON.stringify(fields)} ${text}`)
  const log: Logger = { debug: write, info: write, warn: write, error: write }

  function broker(more: Partial<SqsOptions> = {}): Broker {
    const url = `${proxy.origin}/000000000000/${queue}?region=${testRegion}`
    const made = sqsBroker({ url, credentials: testCredentials, log, ...more })
    return teardown.add(made, (opened) => {
      proxy.inflict(() => undefined)
      return opened.close()
    })
  }

  async function take(
    request: Partial<SubscribeRequest> = {},
    react: (delivery: Delivery, taker: Taker) => void = () => {},
    from: Broker = broker(),
  ): Promise<Taker> {
    const full = { source: 'queue', precedence: 'normal', maxUnsettled: 10, permits: Infinity, ...request } as const
    const taker = new Taker(full.permits, react)
    taker.adopt(await from.subscribe(full, taker))
    return taker
  }
  return { queue, dead, helper, proxy, logged, broker, take }
}

/** What its link is told from now on. */
export function reasonsOf(taker: Taker): readonly (string | undefined)[] {
  const reasons: (string | undefined)[] = []
  const onLink = taker.onLink.bind(taker)
  taker.onLink = (...told: readonly [Parameters<typeof onLink>[0], string?]): void => {
    reasons.push(told[1])
    onLink(told[0])
  }
  return reasons
}
