import type { Connection } from './connection.ts'
import type { Return } from './profiles.ts'
import type { QueueModel, Taker } from './queue-model.ts'
import type { Dispatch, StoredMessage } from './stored-message.ts'

export interface ChannelRequest {
  readonly connection: Connection
  readonly queue: string
  readonly precedence: 'normal' | 'ahead'
  readonly maxUnsettled: number
  readonly permits: number
  /** Reaches the process as soon as the network lets it. */
  readonly onDelivery: (tag: number, dispatch: Dispatch) => void
  /** The server closed it while the connection lives. */
  readonly onClosedByServer: () => void
}

export interface ChannelOwner {
  readonly container: string
  dispatched(message: StoredMessage): Dispatch
  settled(dispatch: Dispatch, how: 'ack' | 'deadLetter' | Return, claimed: number | undefined): void
  /** A settlement came that belongs to no delivery of this channel. */
  misdirected(claimed: number): void
  closed(channel: ServerChannel): void
}

/** A consumer on a channel, as the server sees it: what it may take, and what it has not settled. Delivery tags count from 1. */
export class ServerChannel implements Taker {
  readonly precedence: 'normal' | 'ahead'
  readonly connection: Connection
  readonly #queue: QueueModel
  readonly #request: ChannelRequest
  readonly #owner: ChannelOwner
  readonly #unsettled = new Map<number, Dispatch>()
  #permits: number
  #taken = 0
  #isConsuming = true
  #isOpen = true

  constructor(queue: QueueModel, request: ChannelRequest, owner: ChannelOwner) {
    this.precedence = request.precedence
    this.connection = request.connection
    this.#queue = queue
    this.#request = request
    this.#owner = owner
    this.#permits = request.permits
  }

  get unsettled(): number {
    return this.#unsettled.size
  }

  hasRoom(): boolean {
    return this.#isConsuming && this.#taken < this.#permits && this.#unsettled.size < this.#request.maxUnsettled
  }

  deliver(message: StoredMessage): void {
    const tag = ++this.#taken
    const dispatch = this.#owner.dispatched(message)
    this.#unsettled.set(tag, dispatch)
    this.#request.onDelivery(tag, dispatch)
  }

  permit(total: number): void {
    this.#permits = Math.max(this.#permits, total)
    this.#queue.deliver()
  }

  cancel(): void {
    this.#isConsuming = false
    this.#queue.detach(this)
  }

  /** A tag that this channel does not know is an error of the protocol: it closes the channel. */
  settle(tag: number, how: 'ack' | 'deadLetter' | 'nack' | 'reject', claimed: number): void {
    const dispatch = this.#unsettled.get(tag)
    if (!this.#isOpen) return
    if (dispatch === undefined) {
      this.#owner.misdirected(claimed)
      this.close('consumerTimeout')
      return
    }
    this.#unsettled.delete(tag)
    this.#owner.settled(dispatch, how, claimed)
    this.#queue.deliver()
  }

  /** `claimed`: the process itself closed it. */
  close(how: Return, claimed?: number): void {
    if (!this.#isOpen) return
    this.#isOpen = false
    this.cancel()
    this.#owner.closed(this)
    for (const dispatch of this.#unsettled.values()) this.#owner.settled(dispatch, how, claimed)
    this.#unsettled.clear()
    if (how === 'consumerTimeout') this.#request.onClosedByServer()
  }
}
