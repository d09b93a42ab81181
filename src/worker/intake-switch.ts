import type { Broker, LinkState } from '../contracts/broker.ts'
import type { Clock } from '../contracts/clock.ts'
import type { ConsumerAllocation } from '../core/allocation/lane.ts'
import type { Intake } from './intake.ts'
import { gone } from './processor.ts'
import type { Processor, WorkOrigin } from './processor.ts'
import { StreamingIntake } from './streaming-intake.ts'
import { ThrottledIntake } from './throttled-intake.ts'
import type { Work } from './work.ts'

/** What comes in: as much as possible, a canary on trial being served first (`wayMs`, see `Subscription`); or what an allocation permits (undefined: nothing). */
export type Inflow =
  | { readonly kind: 'stream'; readonly rollout: string | undefined; readonly wayMs: number | undefined }
  | { readonly kind: 'throttled'; readonly allocation: ConsumerAllocation | undefined }

export interface IntakeSwitchOptions {
  readonly broker: Broker
  readonly processor: Processor
  readonly clock: Clock
  readonly concurrency: number
  readonly prefetch: number
  readonly isFresh: () => boolean
}

/** Keeps the one open intake the one that is wanted. A new one opens when the old one takes nothing any more. */
export class IntakeSwitch implements WorkOrigin {
  readonly #options: IntakeSwitchOptions
  #open: Open | undefined
  #wanted: Inflow | undefined
  #changing: Promise<void> | undefined
  #stopped = false
  readonly #old: Intake[] = []
  #rollout: string | undefined
  readonly #gone: WorkOrigin

  constructor(options: IntakeSwitchOptions) {
    this.#options = options
    this.#gone = gone(options.processor.settler)
    options.processor.attach(this)
  }

  get link(): LinkState {
    return this.#open?.intake.link ?? (this.#stopped ? 'closed' : 'connecting')
  }

  get linkReason(): string | undefined {
    return this.#open?.intake.linkReason
  }

  get slots(): number {
    return this.#origin.slots
  }

  get begins(): boolean {
    return this.#origin.begins
  }

  get waiting(): number {
    return this.#open?.intake.waiting ?? 0
  }

  get #origin(): WorkOrigin {
    return this.#open?.intake ?? this.#gone
  }

  set(wanted: Inflow): void {
    if (this.#stopped) return
    this.#wanted = wanted
    if (this.#changing !== undefined) return
    if (this.#open === undefined || this.#open.kind === wanted.kind) this.#apply(wanted)
    else this.#changing = this.#change(this.#open)
  }

  freed(now?: number): void {
    this.#origin.freed(now)
  }

  resume(work: Work): void {
    this.#origin.resume(work)
  }

  giveBack(work: Work): void {
    this.#origin.giveBack(work)
  }

  turn(work: Work): void {
    this.#origin.turn(work)
  }

  returnUnstarted(which: { readonly all: boolean }): void {
    this.#open?.intake.returnUnstarted(which)
  }

  /** Takes nothing from now on, whatever is wanted later. */
  async stop(): Promise<void> {
    this.#stopped = true
    await this.#changing
    await this.#open?.intake.stop()
  }

  async close(): Promise<void> {
    this.#stopped = true
    await Promise.all([this.#open?.intake.close(), ...this.#old.map((intake) => intake.close())])
  }

  async #change({ intake: old }: Open): Promise<void> {
    await old.stop()
    old.returnUnstarted({ all: true })
    this.#old.push(old)
    await old.retire()
    this.#changing = undefined
    this.#open = undefined
    this.#options.processor.cancelRetries()
    if (this.#wanted !== undefined) this.set(this.#wanted)
  }

  #apply(wanted: Inflow): void {
    this.#open ??= this.#opened(wanted)
    if (this.#open.kind === 'throttled') {
      this.#open.intake.allow(wanted.kind === 'throttled' ? wanted.allocation : undefined)
    } else if (wanted.kind === 'stream') {
      this.#open.intake.giveWay(wanted.wayMs)
      if (wanted.rollout !== this.#rollout) this.#open.intake.lookForHandBacks()
      this.#rollout = wanted.rollout
    }
  }

  #opened(wanted: Inflow): Open {
    return wanted.kind === 'stream'
      ? { kind: 'stream', intake: new StreamingIntake(this.#options) }
      : { kind: 'throttled', intake: new ThrottledIntake(this.#options) }
  }
}

type Open =
  | { readonly kind: 'stream'; readonly intake: StreamingIntake }
  | { readonly kind: 'throttled'; readonly intake: ThrottledIntake }
