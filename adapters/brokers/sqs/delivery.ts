import type { Delivery, HandBackNote, Passage, RetryNote } from '../../../src/contracts/broker.ts'
import type { BrokerMessage } from '../../../src/contracts/message.ts'
import { QueueCanaryError } from '../../../src/errors.ts'
import type { QueueAddress } from './address.ts'
import type { SqsApi } from './api.ts'
import { deadLetterCopy, freshCopy, handBackCopy, putOffCopy } from './copy.ts'
import type { Desk } from './desk.ts'
import { handBackError } from './failures.ts'
import type { Lease } from './lease.ts'
import type { Parking } from './parking.ts'
import { parkSeconds, retrySeconds, returnSeconds } from './pauses.ts'

/** What deliveries of one subscription have in common. */
export interface DeliveryContext {
  readonly api: SqsApi
  readonly desk: Desk
  readonly parking: Parking
  /** Where the messages came from. */
  readonly queue: QueueAddress
  readonly mainQueue: QueueAddress
  /** undefined where hand-back is off. */
  readonly handBackQueue: QueueAddress | undefined
  /** Where the main queue's redrive policy sends what is given up; undefined where it has none. */
  readonly deadLetterQueue: () => QueueAddress | undefined
  /** Of the queue that the message came from; `Infinity` where it has no redrive policy. */
  readonly maxReceiveCount: () => number
}

export class SqsDelivery implements Delivery {
  readonly message: BrokerMessage
  readonly passage: Passage
  readonly #lease: Lease
  readonly #context: DeliveryContext
  #isHandingBack = false
  #isSettled = false

  /** `passage`: where it was parked, with what was noted then. */
  constructor(lease: Lease, context: DeliveryContext, passage: Passage = lease.received.passage) {
    this.message = lease.received.message
    this.passage = passage
    this.#lease = lease
    this.#context = context
  }

  get isVoid(): boolean {
    return !this.#isSettled && !this.#context.desk.isOpen(this.#lease)
  }

  /** SQS moves a message instead of delivering it once more than `maxReceiveCount` times. */
  get returnsLeft(): number {
    return Math.max(0, this.#context.maxReceiveCount() - this.#lease.received.receives)
  }

  ack(): boolean {
    return this.#settle((desk) => desk.delete(this.#lease))
  }

  /**
   * To any consumer, at once; one that came back often rests a little first, except where its group would have to wait for it. One that SQS would
   * dead-letter at its next delivery is sent anew, where that is allowed and there is no order to keep: its return is nobody's verdict.
   */
  requeue(): boolean {
    const { queue } = this.#context
    const { received } = this.#lease
    if (queue.isFifo) return this.#settle((desk) => desk.return(this.#lease, 0))
    if (this.returnsLeft > 0) return this.#settle((desk) => desk.return(this.#lease, returnSeconds(received.receives)))
    const move = { to: queue, copy: freshCopy(received, queue), elseSeconds: 0 }
    return this.#settle((desk) => desk.move(this.#lease, move))
  }

  /**
   * SQS has no call for it: a copy is sent to the dead-letter queue, then the message is deleted. Without such a queue, or without the right to send
   * to it, the message rests, and its next deliveries bring it nearer to what the redrive policy allows.
   */
  deadLetter(): boolean {
    const { received } = this.#lease
    const to = this.#context.deadLetterQueue()
    const elseSeconds = parkSeconds(received.receives)
    return this.#settle((desk) => {
      if (to === undefined) desk.return(this.#lease, elseSeconds)
      else desk.move(this.#lease, { to, copy: deadLetterCopy(received, to), elseSeconds })
    })
  }

  async handBack(note: HandBackNote): Promise<boolean> {
    const { api, desk, handBackQueue } = this.#context
    if (this.#isHandingBack || !desk.isOpen(this.#lease)) return false
    if (handBackQueue === undefined) throw new QueueCanaryError('HAND_BACK_FAILED', 'hand-back is off for this queue')
    this.#isHandingBack = true
    try {
      await api.send(handBackQueue, handBackCopy(this.#lease.received, note, handBackQueue))
    } catch (error) {
      throw handBackError(error)
    } finally {
      this.#isHandingBack = false
    }
    return this.ack()
  }

  /**
   * The message stays where it is, hidden. Where that cannot be said in time, it comes back when its lease ends. One that nobody accepts yet would use
   * its deliveries up: it is sent to the main queue anew, or parked where there is an order to keep.
   */
  async retryLater(note: RetryNote): Promise<boolean> {
    const { queue, mainQueue: to, parking } = this.#context
    const seconds = retrySeconds(note.delayMs)
    if (note.reason !== 'unaccepted') return this.#settle((desk) => desk.return(this.#lease, seconds))
    if (to.isFifo && queue === to) {
      const isParked = note.keep === true && parking.hasRoom
      return this.#settle((desk) => (isParked ? parking.park(this.#lease, note) : desk.return(this.#lease, seconds)))
    }
    const move = { to, copy: putOffCopy(this.#lease.received, note, to), elseSeconds: seconds }
    return this.#settle((desk) => desk.move(this.#lease, move))
  }

  #settle(act: (desk: Desk) => void): boolean {
    const { desk } = this.#context
    if (this.#isHandingBack || !desk.take(this.#lease)) return false
    this.#isSettled = true
    act(desk)
    return true
  }
}
