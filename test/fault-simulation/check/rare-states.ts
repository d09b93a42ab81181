import type { Happening, Happenings } from './events.ts'
import type { Facts } from './facts.ts'

/** States that a run must be able to reach: a simulation that never was there has proved nothing of it. */
export const rareStates = [
  'promoted',
  'rolledBack',
  'acked-too-late',
  'returned-ten-times',
  'handed-back-twice',
  'another-generation',
  'lease-moved-in-rollout',
  'lease-moved-in-drain',
  'lease-moved-in-promotion',
  'store-rewound-in-promotion',
  'store-rewound-in-rollout',
  'abort-in-promotion',
  'held-by-failure',
  'held-by-lack-of-data',
  'stepped-back',
  'budget-exhausted',
  'canary-led',
  'drain-deadline-recorded',
  'dead-canary-counted',
  'message-failed-on-both',
  'dead-lettered',
  'ended-by-progress-deadline',
] as const
export type RareState = (typeof rareStates)[number]

export class RareStates {
  readonly reached = new Set<string>()
  readonly #facts: Facts

  constructor(facts: Facts) {
    this.#facts = facts
  }

  reach(state: string): void {
    this.reached.add(state)
  }

  /** To be called before the facts learn of it. */
  look<K extends Happening>(kind: K, happening: Happenings[K]): void {
    this.#looks[kind]?.(happening)
  }

  readonly #looks: { readonly [K in Happening]?: (happening: Happenings[K]) => void } = {
    settlement: ({ dispatch, how }) => {
      if (how === 'connectionLost' && this.#facts.fates.get(dispatch.number)?.succeeded === true) this.reach('acked-too-late')
      if (dispatch.message.counted >= 10) this.reach('returned-ten-times')
    },
    removal: ({ how }) => {
      if (how === 'deadLetter') this.reach('dead-lettered')
    },
    rewound: () => {
      const phase = this.#facts.rollout?.phase
      if (phase === 'Promoting') this.reach('store-rewound-in-promotion')
      else if (this.#facts.isRunning) this.reach('store-rewound-in-rollout')
    },
    writing: ({ before, after }) => {
      const [was, is] = [before?.rollout, after.rollout]
      if (is === undefined) return
      if (before !== undefined && before.epoch < after.epoch && before.generation === after.generation) {
        if (is.phase === 'Draining' || is.phase === 'RollingBack') this.reach('lease-moved-in-drain')
        else if (is.phase === 'Promoting') this.reach('lease-moved-in-promotion')
        else if (is.phase !== 'Succeeded' && is.phase !== 'RolledBack') this.reach('lease-moved-in-rollout')
        if (after.lease.holder?.endsWith(`.${is.canary}`) === true && after.stable !== is.canary) this.reach('canary-led')
      }
      if (before !== undefined && before.generation !== after.generation) this.reach('another-generation')
      if (is.phase === 'Promoting' && after.commands.some(({ kind }) => kind === 'abort')) this.reach('abort-in-promotion')
      if (is.hold === 'failure') this.reach('held-by-failure')
      if (is.hold === 'insufficientData') this.reach('held-by-lack-of-data')
      if (was !== undefined && is.step < was.step) this.reach('stepped-back')
      if (is.exhaustedMs > 0) this.reach('budget-exhausted')
      if (is.phase === 'Succeeded') this.reach('promoted')
      if (is.phase === 'RolledBack') this.reach('rolledBack')
      if (is.lost > 0) this.reach('dead-canary-counted')
      if (is.poison > 0) this.reach('message-failed-on-both')
      if (is.why.startsWith('drain deadline')) this.reach('drain-deadline-recorded')
      if (is.why.startsWith('not promoted within')) this.reach('ended-by-progress-deadline')
    },
  }
}
