import { compareOrder } from '../../../src/core/rollout/order.ts'
import { abortablePhases, isTerminal, legalMoves } from '../../../src/core/rollout/rollout.ts'
import type { Phase, Rollout } from '../../../src/core/rollout/rollout.ts'
import type { Writing } from './events.ts'
import type { Invariant } from './invariant.ts'

export const fenced: Invariant = {
  name: 'fenced',
  says: 'No write with an older epoch or sequence is accepted: a deposed coordinator changes nothing.',
  watch: () => ({
    writing: ({ before, after, by }) => {
      const order = before && compareOrder(after, before)
      return order !== undefined && order < 0
        ? `${by} wrote ${after.epoch}/${after.sequence} over ${before?.epoch}/${before?.sequence}`
        : undefined
    },
  }),
}

export const movesAreLegal: Invariant = {
  name: 'moves-are-legal',
  says: 'At most one rollout per queue; its phases follow the table of moves; terminal phases are absorbing.',
  watch: () => ({
    writing: ({ before, after }) => {
      const [was, is] = [before?.rollout, after.rollout]
      if (was === undefined || before?.generation !== after.generation) return undefined
      if (is === undefined) return `the rollout ${was.id} (${was.phase}) vanished`
      if (was.id !== is.id)
        return isTerminal(was.phase) ? undefined : `${is.id} was started while ${was.id} was ${was.phase}`
      const legal: readonly Phase[] = legalMoves[was.phase]
      return was.phase === is.phase || legal.includes(is.phase) ? undefined : `${was.phase} became ${is.phase}`
    },
  }),
}

export const abortDominates: Invariant = {
  name: 'abort-dominates',
  says: 'Abort beats promote: after an abort commits, the canary is never promoted and takes nothing.',
  watch: (facts) => {
    let aborted: string | undefined
    return {
      rewound: () => void (aborted = undefined),
      writing: ({ after }) => {
        const { rollout, commands } = after
        if (rollout === undefined) return undefined
        const wish = commands.some(({ kind, rollout: meant }) => kind === 'abort' && meant === rollout.id)
        if (wish && abortablePhases.includes(rollout.phase)) aborted ??= rollout.id
        if (aborted !== rollout.id || wish) return undefined
        if (rollout.phase === 'RollingBack' || rollout.phase === 'RolledBack') return undefined
        return `${rollout.id} was aborted and is ${rollout.phase}${facts.rewinds > 0 ? ' (after a rewind)' : ''}`
      },
    }
  },
}

export const stepsInOrder: Invariant = {
  name: 'steps-in-order',
  says: "The sequence of steps is the policy's: none is skipped unless an operator says so.",
  watch: () => ({
    writing: ({ before, after }) => {
      const [was, is] = [before?.rollout, after.rollout]
      if (was === undefined || is === undefined || was.id !== is.id || hasCommand(before)) return undefined
      return is.step > was.step + 1 ? `step ${was.step + 1} was followed by step ${is.step + 1}` : undefined
    },
  }),
}

export const evidenceBeforePromotion: Invariant = {
  name: 'evidence-before-promotion',
  says: 'No promotion without evidence: every passed step has its minimum samples, of this rollout; NaN, missing, stale, error never pass.',
  watch: (facts) => {
    let outcomes = 0
    let openedAt = 0
    return {
      end: ({ start: { role } }) => {
        if (role === 'canary') outcomes++
        return undefined
      },
      writing: (writing) => {
        const { before, after, at } = writing
        const [was, is] = [before?.rollout, after.rollout]
        if (is === undefined || (was?.id === is.id && was.step === is.step && was.phase === is.phase)) return undefined
        const found = was?.id === is.id && !hasCommand(before) ? unproven(was, is, outcomes, writing) : undefined
        if (was?.id !== is.id || was.step !== is.step || is.step < was.step) {
          outcomes = 0
          openedAt = at
        }
        return found
      },
    }

    function unproven(was: Rollout, is: Rollout, seen: number, { at }: Writing): string | undefined {
      const { policy, scenario } = facts
      const step = policy.steps[was.step]
      const goesOn = is.step > was.step && was.phase === 'Progressing'
      if (!goesOn || step?.kind !== 'ramp' || policy.onInsufficientData === 'promote') return undefined
      if (seen < step.minSamples) return `step ${was.step + 1} passed with ${seen} outcomes of ${step.minSamples}`
      if (at - openedAt < step.durationMs * 0.9) return `step ${was.step + 1} passed after ${at - openedAt} ms of ${step.durationMs}`
      const { external } = scenario.quality
      return external === undefined || external === 'good'
        ? undefined
        : `step ${was.step + 1} passed although its external metric gave: ${external}`
    }
  },
}

export const badIsNotPromoted: Invariant = {
  name: 'bad-is-not-promoted',
  says: 'A version that fails three messages in ten or more is not promoted, unless an operator forces it.',
  watch: ({ scenario }) => {
    let forced = false
    return {
      writing: ({ before, after }) => {
        if (after.commands.some(({ kind }) => kind === 'promote')) forced = true
        const commits = before?.rollout?.phase === 'Promoting' && after.rollout?.phase === 'Draining'
        const { canaryFailures } = scenario.quality
        return commits && !forced && canaryFailures >= 0.3 ? `a canary that fails ${canaryFailures} was promoted` : undefined
      },
    }
  },
}

function hasCommand(state: Writing['before']): boolean {
  return state !== undefined && state.commands.length > 0
}
