import type { ConsumeMessage } from 'amqplib'
import type { LinkState } from '../../../src/contracts/broker.ts'
import type { Clock } from '../../../src/contracts/clock.ts'
import type { ChannelSession } from './channel-session.ts'
import type { Settler } from './delivery.ts'

/** How a subscription takes messages over one channel. */
export interface Lane {
  /** The broker was told to deliver, and its credit is not used up. */
  readonly thirsty: boolean
  /** Begins taking, as far as it may. Never rejects: where the broker refuses, the session ends. */
  start(): Promise<void>
  /** Permits were raised. */
  permitted(): void
  /** No delivery comes after it resolves; if the broker did not answer, the session has ended. Never rejects. */
  stop(): Promise<void>
  /** Sends the acks that wait for company. */
  flush(): void
}

export interface LaneSettings {
  readonly session: ChannelSession
  readonly clock: Clock
  /** Consumer priority. */
  readonly priority: number
  readonly maxUnsettled: number
  /** Passes a message to the sink, together with what settles it. Never throws. */
  readonly deliver: (raw: ConsumeMessage, settler: Settler) => void
  readonly report: (state: LinkState) => void
}
