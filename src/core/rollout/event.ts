import type { Freeze } from '../policy/freeze.ts'
import type { Observation } from './observation.ts'
import type { Command } from './queue-state.ts'

/** One look: `sinceMs` milliseconds of watched time after the one before, on a queue that moves at `ratePerMs` messages per millisecond. */
export interface LookEvent {
  readonly kind: 'look'
  readonly at: string
  readonly sinceMs: number
  /** Of these, since the phase began. @default all */
  readonly inPhaseMs?: number
  readonly ratePerMs: number
  readonly seen: Observation
}

/** What moves a rollout. `at` is wall-clock text for the history and for nothing else. */
export type RolloutEvent = LookEvent | CommandEvent

export interface CommandEvent {
  readonly kind: 'command'
  readonly at: string
  readonly command: Command
  /** What holds now: nobody promotes in a freeze. */
  readonly freeze?: Freeze | undefined
}

/** What a move asks of the rest of the program, as data. */
export type Effect =
  /** The canary becomes the version in charge, the old one gets a tombstone. Happens in the same write as the move. */
  | { readonly kind: 'commitPromotion' }
  /** The canary gets a tombstone. In the same write too. */
  | { readonly kind: 'buryCanary' }
  /** To be logged, and shown to whoever watches. */
  | { readonly kind: 'announce'; readonly why: string }
  /** The first queue of the group is to take the rollout back, unless it has committed it: this one has voted and wants to go back. */
  | { readonly kind: 'withdraw'; readonly queue: string; readonly why: string }
  /** A command that could not be carried out, and why. */
  | { readonly kind: 'refuse'; readonly why: string }

export interface Transition<State> {
  readonly state: State
  readonly effects: readonly Effect[]
}
