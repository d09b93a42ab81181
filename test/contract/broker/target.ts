import type { Broker } from '../../../src/contracts/broker.ts'

/** What an adapter's test file gives to the suite. */
export interface BrokerTarget {
  readonly name: string
  /** A fresh, empty, durable queue with a dead-letter target of its own, on a server that other processes could use too. */
  open(): Promise<BrokerUnderTest>
  /** Cases that this target cannot pass: name of the case -> why. */
  readonly skip?: Readonly<Record<string, string>>
  /** Whether a requeue raises `deliveryCount`; leave it out where that depends on the server's version. */
  readonly countsReturns?: boolean
  /** What keeps a delivery from others, as `capabilities.heldBy` must say too. @default 'link' */
  readonly heldBy?: 'link' | 'lease'
  /** What a body can be: any bytes, or text in UTF-8 that is not empty. @default 'bytes' */
  readonly bodies?: 'bytes' | 'text'
  /** Whether a message can have a time to live. @default true */
  readonly timeToLive?: boolean
}

export interface BrokerUnderTest {
  /** A new broker on the same queue, as if from another process. The suite closes it. */
  connect(overrides?: ConnectOverrides): Broker | Promise<Broker>
  /** Publishes durably by a client that is not ours; resolves when the server has confirmed every message. */
  publish(messages: readonly Outgoing[]): Promise<void>
  /** Messages ready for delivery in the queue, asked of the server by that other client. */
  ready(): Promise<number>
  /** The same for the hand-back queue; 0 where there is none. */
  handBackReady(): Promise<number>
  /** Takes every ready message from the hand-back queue, raw. */
  takeHandedBack(): Promise<readonly Raw[]>
  /** Takes every message from the dead-letter target, raw: what arrived since the last call. */
  deadLettered(): Promise<readonly Raw[]>
  readonly faults: BrokerFaults
  /** Deletes queues and closes the helper's own connections. */
  dispose(): Promise<void>
}

export interface BrokerFaults {
  /** Breaks every connection of the brokers under test at once; new ones are possible at once. */
  cutLinks(): Promise<void>
  /** Breaks every connection and refuses new ones until `restoreLinks`. The other client is not affected. */
  dropLinks(): Promise<void>
  restoreLinks(): Promise<void>
  deleteQueue(): Promise<void>
  /** Declares the queue again as it was. */
  createQueue(): Promise<void>
  queueExists(): Promise<boolean>
  deleteHandBackQueue(): Promise<void>
}

export interface ConnectOverrides {
  /** `missing`: the name of a hand-back queue that does not exist and may not be declared. @default 'create' */
  readonly handBack?: 'create' | 'off' | 'missing'
}

export interface Outgoing {
  readonly id: string
  readonly body: Uint8Array
  readonly headers?: Readonly<Record<string, unknown>>
  readonly contentType?: string
  readonly correlationId?: string
  readonly ttlMs?: number
}

/** A message as the server has it. */
export interface Raw {
  readonly id: string
  readonly body: Uint8Array
  readonly headers: Readonly<Record<string, unknown>>
  readonly contentType: string | undefined
  readonly correlationId: string | undefined
  readonly ttlMs: number | undefined
}
