import type { BatchMessage, Message } from '../contracts/handler.ts'
import type { BrokerMessage } from '../contracts/message.ts'

/** What a handler sees of a message. Nothing of it is computed before it is asked for. */
export class HandlerMessage implements Message {
  readonly #message: BrokerMessage

  constructor(message: BrokerMessage) {
    this.#message = message
  }

  get id(): string {
    return this.#message.id
  }

  get body(): Uint8Array {
    return this.#message.body
  }

  get headers(): Readonly<Record<string, unknown>> {
    return this.#message.headers
  }

  get deliveryCount(): number {
    return this.#message.deliveryCount
  }

  get redelivered(): boolean {
    return this.#message.redelivered
  }

  get group(): string | undefined {
    return this.#message.group
  }

  get enqueuedAt(): Date | undefined {
    return this.#message.enqueuedAt
  }

  json(): unknown {
    const { body } = this.#message
    return JSON.parse(Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString('utf8'))
  }
}

export class HandlerBatchMessage extends HandlerMessage implements BatchMessage {
  readonly attempt: number

  constructor(message: BrokerMessage, attempt: number) {
    super(message)
    this.attempt = attempt
  }
}
