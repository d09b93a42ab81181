import type { Received } from './message.ts'

/** A message that SQS hides from others for us, by its receipt. */
export class Lease {
  readonly received: Received
  /** When it was asked for, on the monotonic clock: what SQS counts from can only be later. */
  readonly since: number
  /** Until then nobody else gets the message. */
  #endsAt: number
  #isOver = false
  #extending: Promise<void> | undefined
  #onFree: (() => void) | undefined

  /** `onFree` is called once, when nobody has to settle it any more. */
  constructor(received: Received, term: { readonly since: number; readonly visibilityMs: number }, onFree: () => void) {
    this.received = received
    this.since = term.since
    this.#endsAt = term.since + term.visibilityMs
    this.#onFree = onFree
  }

  get receipt(): string {
    return this.received.receipt
  }

  /** What was said to be over stays so, whatever is heard of an extension later: whoever was told has let go of the message. */
  isOver(now: number): boolean {
    this.#isOver ||= this.#endsAt <= now
    return this.#isOver
  }

  /** Whether it lasts until then as it is. */
  outlasts(endsAt: number): boolean {
    return this.#endsAt >= endsAt
  }

  extendedUntil(endsAt: number): void {
    if (!this.#isOver) this.#endsAt = Math.max(this.#endsAt, endsAt)
  }

  /** SQS said, or we decided, that the receipt is worth nothing any more. */
  end(): void {
    this.#isOver = true
  }

  /** It is to be settled once more: it was parked. */
  occupy(onFree: () => void): void {
    this.#onFree = onFree
  }

  /** It was settled, or lost. */
  free(): void {
    const onFree = this.#onFree
    this.#onFree = undefined
    onFree?.()
  }

  /** An extension is under way: another change of visibility must wait until it is over. */
  extendingUntil(over: Promise<void>): void {
    const extending = over.finally(() => {
      if (this.#extending === extending) this.#extending = undefined
    })
    this.#extending = extending
  }

  get extending(): Promise<void> | undefined {
    return this.#extending
  }
}
