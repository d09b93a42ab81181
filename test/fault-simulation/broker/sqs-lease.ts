import type { SqsLink } from './sqs-link.ts'
import { visibilityMs } from './sqs-server.ts'
import type { Dispatch } from './stored-message.ts'

const over = Number.NEGATIVE_INFINITY

/** How long a message is hidden from others for one process, as far as that knows. */
export class SqsLease {
  readonly dispatch: Dispatch
  readonly #client: SqsLink
  /** By the client's own clock. */
  #endsAt: number

  constructor(client: SqsLink, dispatch: Dispatch) {
    this.dispatch = dispatch
    this.#client = client
    this.#endsAt = client.place.container.clock.now() + visibilityMs
  }

  /** What was said to be over stays so, whatever is heard of an extension later. */
  get isOver(): boolean {
    if (this.#client.place.container.clock.now() >= this.#endsAt) this.#endsAt = over
    return this.#endsAt === over
  }

  async extend(): Promise<void> {
    const { server, place } = this.#client
    const until = place.container.clock.now() + visibilityMs
    try {
      const isHeld = await this.#client.ask<boolean>((answer) => {
        const held = server.isHeld(this.dispatch)
        server.changeVisibility(this.dispatch, visibilityMs)
        answer(held)
      })
      if (!isHeld) this.#endsAt = over
      else if (this.#endsAt !== over) this.#endsAt = until
    } catch {
      // it is held for as long as it was
    }
  }
}
