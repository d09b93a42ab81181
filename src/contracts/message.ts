/** What a broker knows of one message. Handlers get the same fields plus `json()` (see `Message` in `handler.ts`). */
export interface BrokerMessage {
  /** The publisher's message id; where it set none, an id that is unique within this process. */
  readonly id: string
  readonly body: Uint8Array
  /** Application headers as the broker delivered them. Hints from the publisher, not facts. */
  readonly headers: Readonly<Record<string, unknown>>
  /** Earlier deliveries of this message, as far as the broker counts them; 0 for the first, and where it does not count. */
  readonly deliveryCount: number
  /** True when the broker says that the message may have been delivered before. */
  readonly redelivered: boolean
  /** Ordering group (SQS FIFO); undefined where the broker has none. */
  readonly group: string | undefined
  /** When the publisher or the broker says the message was sent. Another machine's clock: for display and age only. */
  readonly enqueuedAt: Date | undefined
}
