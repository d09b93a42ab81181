import type { QueueState } from '../../../src/core/rollout/queue-state.ts'
import type { Phase, Rollout } from '../../../src/core/rollout/rollout.ts'
import type { Facts } from './facts.ts'
import type { Invariant } from './invariant.ts'

const committed: readonly Phase[] = ['Draining', 'Succeeded']
const takenBack: readonly Phase[] = ['RollingBack', 'RolledBack']

export const decidedTogether: Invariant = {
  name: 'decided-together',
  says: 'Several queues as one rollout: it is promoted in all of them, or taken back in all.',
  watch: (facts) => {
    const otherwise = (phase: Phase, than: Phase): boolean =>
      (committed.includes(phase) && takenBack.includes(than)) || (takenBack.includes(phase) && committed.includes(than))
    return {
      writing: ({ after: { rollout } }) => {
        const other = rollout && peersOf(rollout, facts).find(({ phase }) => otherwise(rollout.phase, phase))
        return other && `${rollout.group?.queue} is ${rollout.phase}, ${other.group?.queue} is ${other.phase}`
      },
    }
  },
}

export const steppedTogether: Invariant = {
  name: 'stepped-together',
  says: 'Several queues as one rollout: one step moves when all pass, unless an operator says so.',
  watch: (facts) => ({
    writing: ({ before, after: { rollout } }) => {
      const left = before && rollout && stepLeft(before, rollout)
      if (rollout === undefined || left === undefined) return undefined
      const behind = peersOf(rollout, facts).find((peer) => !lets(peer, left, facts))
      return behind && `${rollout.group?.queue} left step ${left}, which ${behind.group?.queue} has not passed`
    },
  }),
}

/** Counted from 1; undefined where none was left, or an operator had a say in it. */
function stepLeft({ rollout: was, commands }: QueueState, is: Rollout): number | undefined {
  const isOwn = was?.id === is.id && commands.length === 0 && is.step > was.step
  return isOwn ? was.step + 1 : undefined
}

function lets({ id, phase }: Rollout, left: number, { group }: Facts): boolean {
  return committed.includes(phase) || group.some(({ letsTo }) => (letsTo.get(id) ?? 0) > left)
}

/** The other rollouts of its group, as their documents say. */
function peersOf({ group }: Rollout, { group: queues }: Facts): readonly Rollout[] {
  return queues.flatMap(({ rollout }) =>
    rollout?.group !== undefined && rollout.group.id === group?.id && rollout.group.queue !== group.queue
      ? [rollout]
      : [],
  )
}
