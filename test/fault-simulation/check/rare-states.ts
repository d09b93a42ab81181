import type { QueueState } from '../../../src/core/rollout/queue-state.ts'
import type { Phase, Rollout } from '../../../src/core/rollout/rollout.ts'
import type { Happening, Happenings } from './events.ts'
import type { Facts } from './facts.ts'

/** States of a rollout that every long simulation must have reached: what never happened has proved nothing. */
const inRollout: Readonly<Record<string, (rollout: Rollout) => boolean>> = {
  promoted: ({ phase }) => phase === 'Succeeded',
  undone: ({ phase, canary }) => phase === 'Succeeded' && canary === 'v1',
  'promoted together': ({ phase, group }) => phase === 'Succeeded' && group !== undefined,
  'rolled back together': ({ phase, group }) => phase === 'RolledBack' && group !== undefined,
  'rolled back': ({ phase }) => phase === 'RolledBack',
  'raised by a budget': ({ ramp, phase }) => ramp !== undefined && ramp.weight > 1 && phase === 'WaitingPromotion',
  'held by a failure': ({ hold }) => hold === 'failure',
  'held by lack of data': ({ hold }) => hold === 'insufficientData',
  'failure budget exhausted': ({ exhaustedMs }) => exhaustedMs > 0,
  'dead canary counted': ({ lost }) => lost > 0,
  'message failed on both': ({ poison }) => poison > 0,
  'drain deadline recorded': ({ why }) => why.startsWith('drain deadline'),
  'ended by progressDeadline': ({ why }) => why.startsWith('not promoted within'),
}

const placeOf: Readonly<Record<Phase, string>> = {
  Initialized: 'a rollout',
  Progressing: 'a rollout',
  Paused: 'a rollout',
  WaitingPromotion: 'a rollout',
  Promoting: 'a promotion',
  Draining: 'a drain',
  RollingBack: 'a rollback',
  Succeeded: 'rest',
  RolledBack: 'rest',
}

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
      if (how === 'connectionLost' && this.#facts.fates.get(dispatch.number)?.succeeded === true)
        this.reach('cut between handler and ack')
      if (dispatch.message.counted >= 10) this.reach('returned ten times')
    },
    putOff: ({ message }) =>
      this.reach(message.retried?.dead === true ? 'given up at the broker' : 'waited at the broker'),
    removal: ({ how }) => {
      if (how === 'deadLetter') this.reach('dead-lettered')
    },
    rewound: () => {
      const phase = this.#facts.rollout?.phase
      if (phase !== undefined) this.reach(`store lost its memory in ${placeOf[phase]}`)
    },
    writing: ({ before, after }) => this.#wrote(before, after),
  }

  #wrote(before: QueueState | undefined, after: QueueState): void {
    const { rollout, commands } = after
    if (rollout === undefined) return
    for (const [state, holds] of Object.entries(inRollout)) if (holds(rollout)) this.reach(state)
    if (commands.some(({ kind }) => kind === 'abort')) this.reach(`abort in ${placeOf[rollout.phase]}`)
    if (before !== undefined) this.#moved(before, after, rollout)
  }

  #moved(before: QueueState, after: QueueState, rollout: Rollout): void {
    if (rollout.step < (before.rollout?.step ?? 0)) this.reach('stepped back')
    if (before.generation !== after.generation) this.reach('another generation')
    else if (before.epoch < after.epoch) this.#leaseMoved(after, rollout)
  }

  #leaseMoved({ lease, stable }: QueueState, { phase, canary }: Rollout): void {
    this.reach(`lease moved in ${placeOf[phase]}`)
    if (stable !== canary && lease.holder?.endsWith(`.${canary}`) === true) this.reach('led by the canary')
  }
}
