import { mustKeepUp, mustSucceed } from '../scenario/expect.ts'
import { workerLimits } from '../scenario/scenario.ts'
import { isTerminal } from '../../../src/core/rollout/rollout.ts'
import type { Facts } from './facts.ts'
import type { Invariant } from './invariant.ts'

export const rolloutEnds: Invariant = {
  name: 'rollout-ends',
  says: 'Rollback and drain always end; every hold has a deadline.',
  watch: (facts) => ({
    rest: () => {
      const { rollout, state } = facts
      // Handlers that do not end bring down every worker of the version in charge before it could coordinate, and the store has forgotten the end.
      if (facts.rewinds > 0 && facts.mayBeStuck(state?.stable ?? 'v1')) return undefined
      if (rollout === undefined)
        return facts.rewinds > 0 || isAlreadyInCharge(facts) ? undefined : 'no rollout was ever started'
      return isTerminal(rollout.phase) ? undefined : `the rollout is still ${rollout.phase}: ${rollout.why}`
    },
  }),
}

/** Where it has registered first, for one of the queues, the version that was to be tried has nothing to replace. */
function isAlreadyInCharge({ group, scenario }: Facts): boolean {
  return (
    group.some(({ state }) => state?.stable === 'v2') &&
    scenario.workers.some(({ version, isSolo }) => version === 'v2' && !isSolo)
  )
}

export const drainEnds: Invariant = {
  name: 'drain-ends',
  says: 'A process that is told to end does so within its deadline, connected or not.',
  watch: () => {
    const told = new Set<string>()
    return {
      terminated: ({ container }) => void told.add(container),
      killed: ({ container }) => void told.delete(container),
      exit: ({ container, sinceToldMs = 0 }) => {
        told.delete(container)
        if (sinceToldMs <= workerLimits.drainTimeoutMs + drainGraceMs) return undefined
        return `${container} ended ${Math.round(sinceToldMs)} ms after it was told to; it has ${workerLimits.drainTimeoutMs}`
      },
      rest: () => (told.size > 0 ? `${[...told].join(', ')} never ended, and was told to` : undefined),
    }
  },
}

/** What a worker takes for signing off and closing beyond its drain timeout (`worker/worker.ts`). */
const drainGraceMs = 6_000

export const goodIsPromoted: Invariant = {
  name: 'good-is-promoted',
  says: 'A good canary is promoted once faults stop and traffic flows.',
  watch: (facts) => ({
    rest: () => {
      const { rollout, scenario, policy } = facts
      if (!mustSucceed(scenario, policy) || rollout === undefined || rollout.phase === 'Succeeded') return undefined
      return `a good canary that nothing befell is ${rollout.phase}: ${rollout.why}`
    },
  }),
}

export const backlogDrains: Invariant = {
  name: 'backlog-drains',
  says: 'Consumers come back: once faults stop, nothing is left in the queue or handed back.',
  watch: (facts) => ({
    rest: ({ backlog, unsettled }) =>
      backlog + unsettled > 0 && mustKeepUp(facts.scenario) && !facts.leavesMessages
        ? `${backlog} messages are still ready and ${unsettled} in hands at the end`
        : undefined,
  }),
}
