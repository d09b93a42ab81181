import type { HandBackNote, RetryNote } from '../../../src/contracts/broker.ts'
import type { Random } from '../../../src/simulate/random.ts'
import { hashOf } from '../scenario/draw.ts'
import type { Container } from '../time/container.ts'
import type { Appointment, Timeline } from '../time/timeline.ts'
import { deadName, handBackName, queueName, retryName } from './broker-model.ts'
import type { BrokerModel, BrokerWitness } from './broker-model.ts'
import type { Dispatch, NewMessage, StoredMessage } from './stored-message.ts'

/** A message of SQS: somebody holds it while it has a receipt. */
export interface SqsMessage extends StoredMessage {
  held: { readonly dispatch: Dispatch; expiry: Appointment; isPutOff?: boolean } | undefined
}

interface Poll {
  readonly queue: string
  readonly container: string
  readonly max: number
  readonly answer: (dispatches: readonly Dispatch[]) => void
  end: Appointment
}

export interface SqsOptions {
  readonly isFifo: boolean
  readonly timeline: Timeline
  readonly random: Random
  readonly witness: BrokerWitness
  /** Receives, then the message goes to the dead letters. */
  readonly maxReceiveCount: number
}

export const visibilityMs = 3_000
const groups = 5
/** A deleted message comes back now and then: a replica was away. */
const duplicates = 0.003

/** SQS with one queue, its dead letters and a hand-back queue: polls, receipts, visibility, receive counts, groups. */
export class SqsServer implements BrokerModel {
  readonly #options: SqsOptions
  readonly #queues = new Map<string, SqsMessage[]>([
    [queueName, []],
    [handBackName, []],
    [deadName, []],
    // Copies whose delay is not over.
    [retryName, []],
  ])
  #polls: Poll[] = []
  #positions = 0
  #dispatches = 0
  #blockedUntil = 0
  isUp = true

  constructor(options: SqsOptions) {
    this.#options = options
  }

  get isFifo(): boolean {
    return this.#options.isFifo
  }

  get maxReceiveCount(): number {
    return this.#options.maxReceiveCount
  }

  get unsettled(): number {
    const held = this.#of(queueName)
      .concat(this.#of(handBackName))
      .filter((message) => message.held !== undefined)
    return held.length + this.#of(retryName).length
  }

  publish(id: string): void {
    const group = this.isFifo ? `g${hashOf(id) % groups}` : undefined
    this.#add(queueName, { id, group, handedBack: undefined, retried: undefined, deadFrom: undefined })
  }

  depth(queue: string): number {
    return this.#of(queue).filter(({ held }) => held === undefined).length
  }

  block(ms: number): void {
    this.#blockedUntil = this.#options.timeline.now + ms
  }

  /** SQS has no channels. */
  endChannels(_container: Container): void {}

  /** Answers with what there is; with nothing after `waitMs`. */
  receive(request: Omit<Poll, 'end'>, waitMs: number): void {
    const { timeline } = this.#options
    const poll: Poll = {
      ...request,
      end: timeline.after(waitMs, () => {
        this.#polls = this.#polls.filter((other) => other !== poll)
        poll.answer([])
      }),
    }
    this.#polls.push(poll)
    this.#serve()
  }

  /** True while the receipt is the newest one, and has not run out. */
  isHeld({ message, number }: Dispatch): boolean {
    return this.#heldBy(message, number) !== undefined
  }

  delete(dispatch: Dispatch): void {
    if (!this.isHeld(dispatch)) return
    const { witness, random } = this.#options
    witness.settled(dispatch, 'ack', dispatch.number)
    this.#remove(dispatch)
    // As if a process had been cut off: nobody is to blame for what comes again.
    if (!this.isFifo && random() < duplicates) {
      witness.settled(dispatch, 'connectionLost', undefined)
      this.#add(dispatch.queue, dispatch.message)
    }
    witness.removed(dispatch.message, 'ack')
    this.#serve()
  }

  /** 0: anybody may have it at once. */
  changeVisibility(dispatch: Dispatch, ms: number): void {
    const { timeline, witness } = this.#options
    const held = this.#heldBy(dispatch.message, dispatch.number)
    // An adapter waits for the extension under way before it says anything else of a message.
    if (held === undefined || held.isPutOff === true) return
    held.expiry.cancel()
    if (ms > 0) held.expiry = timeline.after(ms, () => this.#expire(dispatch))
    else {
      dispatch.message.ownReturns++
      witness.settled(dispatch, 'nack', dispatch.number)
      this.#release(dispatch)
    }
  }

  /** Hidden for so long, whatever became of whoever had it. */
  putOff(dispatch: Dispatch, ms: number): void {
    const { timeline, witness } = this.#options
    const held = this.#heldBy(dispatch.message, dispatch.number)
    if (held === undefined) return
    witness.putOff(dispatch.message, dispatch.number, false)
    held.isPutOff = true
    held.expiry.cancel()
    held.expiry = timeline.after(ms, () => {
      witness.settled(dispatch, 'nack', dispatch.number)
      this.#release(dispatch)
    })
  }

  /** A copy that nobody has received yet, in the main queue after so long. */
  sendAnew({ message, number }: Dispatch, note: RetryNote, delayMs: number): void {
    const { timeline, witness } = this.#options
    const { id, group, handedBack } = message
    const copy = this.#add(retryName, { id, group, handedBack, retried: note, deadFrom: undefined })
    witness.putOff(copy, number, true)
    timeline.after(delayMs, () => {
      this.#drop(copy, retryName)
      this.#add(queueName, { ...copy, handedBack: undefined })
      witness.removed(copy, 'due')
    })
  }

  deadLetter(dispatch: Dispatch): void {
    if (!this.isHeld(dispatch)) return
    this.#options.witness.settled(dispatch, 'deadLetter', dispatch.number)
    this.#remove(dispatch)
    this.#bury(dispatch.message, dispatch.queue, 'deadLetter')
    this.#serve()
  }

  handBack(source: Dispatch, note: HandBackNote, confirm: () => void): void {
    const { id, group } = source.message
    this.#options.timeline.at(this.#blockedUntil, () => {
      const copy = this.#add(handBackName, { id, group, handedBack: note, retried: undefined, deadFrom: undefined })
      this.#options.witness.handedBack(copy, source.number)
      confirm()
    })
  }

  #of(queue: string): SqsMessage[] {
    return this.#queues.get(queue) ?? []
  }

  #add(queue: string, { id, group, handedBack, retried, deadFrom }: NewMessage): SqsMessage {
    const { timeline, witness } = this.#options
    const message: SqsMessage = {
      id,
      group,
      handedBack,
      retried,
      deadFrom,
      position: this.#positions++,
      sentAt: timeline.now,
      deliveries: 0,
      counted: 0,
      ownReturns: 0,
      held: undefined,
    }
    this.#of(queue).push(message)
    witness.added(message, queue)
    timeline.after(0, () => this.#serve())
    return message
  }

  #serve(): void {
    for (const poll of this.#polls) {
      const dispatches = this.#take(poll)
      if (dispatches.length === 0) continue
      this.#polls = this.#polls.filter((other) => other !== poll)
      poll.end.cancel()
      poll.answer(dispatches)
    }
  }

  #take({ queue, max, container }: Poll): readonly Dispatch[] {
    const taken: Dispatch[] = []
    for (const message of this.#visible(queue)) {
      if (taken.length >= max) break
      if (message.counted >= this.#options.maxReceiveCount) {
        this.#drop(message, queue)
        this.#bury(message, queue, 'deliveryLimit')
      } else if (!this.#isLocked(queue, message)) taken.push(this.#hold(message, queue, container))
    }
    return taken
  }

  /** In order where the queue has one, else in any. */
  #visible(queue: string): readonly SqsMessage[] {
    const visible = this.#of(queue).filter(({ held }) => held === undefined)
    if (this.isFifo || visible.length < 2) return visible
    const first = Math.floor(this.#options.random() * Math.min(visible.length, 10))
    return [...visible.slice(first), ...visible.slice(0, first)]
  }

  /** Somebody holds a message of its group, or an earlier one waits for its turn. */
  #isLocked(queue: string, { group, position }: SqsMessage): boolean {
    if (group === undefined) return false
    return this.#of(queue).some(
      (other) => other.group === group && (other.held !== undefined || other.position < position),
    )
  }

  #hold(message: SqsMessage, queue: string, container: string): Dispatch {
    const dispatch: Dispatch = { number: ++this.#dispatches, message, queue, container }
    message.deliveries++
    message.counted++
    message.held = {
      dispatch,
      expiry: this.#options.timeline.after(visibilityMs, () => this.#expire(dispatch)),
    }
    return dispatch
  }

  #heldBy(message: StoredMessage, number: number): SqsMessage['held'] {
    const { held } = message as SqsMessage
    return held?.dispatch.number === number ? held : undefined
  }

  #expire(dispatch: Dispatch): void {
    this.#options.witness.settled(dispatch, 'expired', undefined)
    this.#release(dispatch)
  }

  #release({ message }: Dispatch): void {
    ;(message as SqsMessage).held = undefined
    this.#options.timeline.after(0, () => this.#serve())
  }

  #remove(dispatch: Dispatch): void {
    this.#heldBy(dispatch.message, dispatch.number)?.expiry.cancel()
    ;(dispatch.message as SqsMessage).held = undefined
    this.#drop(dispatch.message, dispatch.queue)
  }

  #drop(message: StoredMessage, queue: string): void {
    const messages = this.#of(queue)
    const index = messages.findIndex((other) => other === message)
    if (index >= 0) messages.splice(index, 1)
  }

  #bury(message: StoredMessage, from: string, how: 'deadLetter' | 'deliveryLimit'): void {
    this.#add(from === handBackName ? queueName : deadName, { ...message, deadFrom: from })
    this.#options.witness.removed(message, how)
  }
}
