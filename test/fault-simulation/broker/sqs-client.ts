import type { Broker, BrokerCapabilities } from '../../../src/contracts/broker.ts'
import { QueueCanaryError } from '../../../src/errors.ts'
import { within } from '../../../src/worker/deadline.ts'
import { handBackName, queueName } from './broker-model.ts'
import type { BrokerClient, ClientPlace } from './broker-model.ts'
import type { Cut } from './connection.ts'
import type { SqsLink } from './sqs-link.ts'
import type { SqsServer } from './sqs-server.ts'
import { SqsSubscription } from './sqs-subscription.ts'

const answerMs = 2_500

/** SQS as one process reaches it: requests that are answered, or not. */
export class SqsClient implements BrokerClient, SqsLink {
  readonly capabilities: BrokerCapabilities
  readonly server: SqsServer
  readonly place: ClientPlace
  readonly #subscriptions = new Set<SqsSubscription>()
  #awayUntil = 0

  constructor(server: SqsServer, place: ClientPlace) {
    this.server = server
    this.place = place
    // A queue with groups keeps their order: what fails goes back to its place.
    const handBack = place.handsBack && !server.isFifo
    const retryLater = place.keepsRetries ? 'counted' : 'none'
    this.capabilities = { kind: 'sqs', handBack, oldestAge: false, retryLater, heldBy: 'lease' }
  }

  subscribe(...[request, sink]: Parameters<Broker['subscribe']>): ReturnType<Broker['subscribe']> {
    const queue = request.source === 'queue' ? queueName : handBackName
    const subscription = new SqsSubscription(this, { queue, request, sink })
    this.#subscriptions.add(subscription)
    return Promise.resolve(subscription)
  }

  prepareHandBack(): Promise<void> {
    return this.ask((answer) => answer(undefined))
  }

  inspect(): ReturnType<Broker['inspect']> {
    return this.ask((answer) =>
      answer({
        backlog: this.server.depth(queueName),
        handBackBacklog: this.server.depth(handBackName),
        consumers: undefined,
        handBackConsumers: undefined,
        oldestAgeMs: undefined,
      }),
    )
  }

  diagnose(): ReturnType<Broker['diagnose']> {
    return Promise.resolve([{ level: 'ok', subject: 'queue', found: queueName }])
  }

  async close(): Promise<void> {
    const { clock } = this.place.container
    await within(clock, answerMs, Promise.all(Array.from(this.#subscriptions, (subscription) => subscription.close())))
  }

  cut({ serverNoticesMs }: Cut, awayMs: number): void {
    this.#awayUntil = this.place.timeline.now + Math.max(awayMs, serverNoticesMs)
  }

  async ask<T>(act: (answer: (result: T) => void) => void, patienceMs = answerMs): Promise<T> {
    const { container, timeline, distance } = this.place
    const { promise, resolve } = Promise.withResolvers<T>()
    timeline.after(distance.latencyMs(), () => {
      if (this.#isAway()) return
      act((result) =>
        timeline.after(distance.latencyMs(), () => {
          if (!this.#isAway()) container.receive(() => resolve(result))
        }),
      )
    })
    if (await within(container.clock, patienceMs, promise)) return promise
    throw new QueueCanaryError('BROKER_UNREACHABLE', 'SQS did not answer')
  }

  #isAway(): boolean {
    return !this.server.isUp || this.place.timeline.now < this.#awayUntil
  }
}
