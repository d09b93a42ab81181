import type { HandBackNote, RetryNote } from '../../../src/contracts/broker.ts'
import type { Timeline } from '../time/timeline.ts'
import type { Container } from '../time/container.ts'
import { deadName, handBackName, queueName, retryMs, retryName } from './broker-model.ts'
import type { BrokerModel, BrokerWitness } from './broker-model.ts'
import type { Connection } from './connection.ts'
import type { Profile, Return } from './profiles.ts'
import { QueueModel } from './queue-model.ts'
import { ServerChannel } from './server-channel.ts'
import type { ChannelRequest } from './server-channel.ts'
import type { Dispatch, NewMessage, StoredMessage } from './stored-message.ts'

/** A RabbitMQ broker with one queue, its dead letters, and the hand-back queue once somebody declares it. */
export class RabbitServer implements BrokerModel {
  readonly profile: Profile
  readonly #timeline: Timeline
  readonly #witness: BrokerWitness
  readonly #queues = new Map<string, QueueModel>()
  readonly #retries = new QueueModel(retryName, undefined)
  readonly #channels = new Set<ServerChannel>()
  #dispatches = 0
  #isUp = true
  #blockedUntil = 0

  constructor(profile: Profile, timeline: Timeline, witness: BrokerWitness) {
    this.profile = profile
    this.#timeline = timeline
    this.#witness = witness
    this.#declare(deadName, undefined)
    this.#declare(queueName, deadName)
  }

  get isUp(): boolean {
    return this.#isUp
  }

  set isUp(isUp: boolean) {
    this.#isUp = isUp
  }

  /** Publishers wait until then, as under a memory alarm. */
  block(ms: number): void {
    this.#blockedUntil = this.#timeline.now + ms
  }

  queue(name: string): QueueModel | undefined {
    return this.#queues.get(name)
  }

  depth(name: string): number {
    return this.#queues.get(name)?.ready.length ?? 0
  }

  get unsettled(): number {
    let sum = this.#retries.ready.length
    for (const channel of this.#channels) sum += channel.unsettled
    return sum
  }

  endChannels(container: Container): void {
    for (const channel of this.#channels)
      if (channel.connection.container === container) channel.close('consumerTimeout')
  }

  publish(id: string): void {
    this.#add(queueName, { id, group: undefined, handedBack: undefined, retried: undefined, deadFrom: undefined })
  }

  declareHandBack(): void {
    if (!this.#queues.has(handBackName)) this.#declare(handBackName, queueName)
  }

  /** undefined where there is no such queue. */
  open(connection: Connection, request: ChannelRequest): ServerChannel | undefined {
    const queue = this.#queues.get(request.queue)
    if (queue === undefined || !connection.isOpenAtServer) return undefined
    const channel = new ServerChannel(queue, request, {
      container: connection.container.name,
      dispatched: (message) => this.#dispatch(message, queue.name, connection.container.name),
      settled: (dispatch, how, claimed) => this.#settle(dispatch, how, claimed),
      misdirected: (claimed) => this.#witness.misdirected(claimed),
      closed: (ended) => void this.#channels.delete(ended),
    })
    this.#channels.add(channel)
    queue.attach(channel)
    queue.deliver()
    return channel
  }

  /** The copy reaches the hand-back queue, at once or when publishing is allowed again; then it is confirmed. */
  handBack(source: Dispatch, note: HandBackNote, confirm: () => void): void {
    const { id, group, retried } = source.message
    this.#timeline.at(this.#blockedUntil, () => {
      if (!this.#queues.has(handBackName)) return
      const copy = this.#add(handBackName, { id, group, handedBack: note, retried, deadFrom: undefined })
      this.#witness.handedBack(copy, source.number)
      confirm()
    })
  }

  /** The copy waits in a queue that nobody consumes, whose dead letters go to where the message came from; what nobody accepts goes to the main queue. */
  putOff({ message, queue, number }: Dispatch, note: RetryNote, confirm: () => void): void {
    this.#timeline.at(this.#blockedUntil, () => {
      const [to, handedBack] = note.reason === 'unaccepted' ? [queueName, undefined] : [queue, message.handedBack]
      const copy = this.#retries.add({ ...message, retried: note, handedBack, deadFrom: undefined }, this.#timeline.now)
      this.#witness.added(copy, retryName)
      this.#witness.putOff(copy, number, true)
      this.#timeline.after(retryMs(note), () => {
        this.#retries.remove(copy)
        this.#add(to, copy)
        this.#witness.removed(copy, 'due')
      })
      confirm()
    })
  }

  /** Everything that the process held over this connection comes back. */
  lost(connection: Connection): void {
    for (const channel of this.#channels) if (channel.connection === connection) channel.close('connectionLost')
  }

  #declare(name: string, deadLetterTo: string | undefined): void {
    this.#queues.set(name, new QueueModel(name, deadLetterTo))
  }

  #add(name: string, message: NewMessage): StoredMessage {
    const queue = this.#queues.get(name)
    if (queue === undefined) throw new Error(`the model has no queue ${name}`)
    const stored = queue.add(message, this.#timeline.now)
    this.#witness.added(stored, name)
    // Not within the call: whoever published is served first.
    this.#timeline.after(0, () => queue.deliver())
    return stored
  }

  #dispatch(message: StoredMessage, queue: string, container: string): Dispatch {
    const dispatch = { number: ++this.#dispatches, message, queue, container }
    message.deliveries++
    return dispatch
  }

  #settle(dispatch: Dispatch, how: 'ack' | 'deadLetter' | Return, claimed: number | undefined): void {
    const { message } = dispatch
    if (how !== 'ack' && how !== 'deadLetter' && claimed !== undefined && this.profile.counts.has(how))
      message.ownReturns++
    this.#witness.settled(dispatch, how, claimed)
    if (how === 'ack') this.#witness.removed(message, 'ack')
    else if (how === 'deadLetter') this.#deadLetter(dispatch, 'deadLetter')
    else this.#return(dispatch, how)
  }

  #return(dispatch: Dispatch, how: Return): void {
    const { message, queue: name } = dispatch
    if (this.profile.counts.has(how)) message.counted++
    if (message.counted > this.profile.deliveryLimit) return this.#deadLetter(dispatch, 'deliveryLimit')
    const queue = this.#queues.get(name)
    queue?.putBack(message)
    this.#timeline.after(0, () => queue?.deliver())
  }

  #deadLetter({ message, queue: name }: Dispatch, how: 'deadLetter' | 'deliveryLimit'): void {
    const to = this.#queues.get(name)?.deadLetterTo
    if (to !== undefined) this.#add(to, { ...message, deadFrom: name })
    this.#witness.removed(message, how)
  }
}
