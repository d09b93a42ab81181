import { compareOrder } from '../../../src/core/rollout/order.ts'
import { hasVoted } from '../../../src/core/rollout/group.ts'
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
      return illegalMove(was, is)
    },
  }),
}

/** Several moves may be in one write: the history has each. */
function illegalMove(was: Rollout, is: Rollout): string | undefined {
  const known = was.history.at(-1)
  const since = is.history.findLastIndex(
    ({ at, why, elapsedMs }) => at === known?.at && why === known.why && elapsedMs === known.elapsedMs,
  )
  const path: readonly Phase[] = [was.phase, ...is.history.slice(since + 1).map(({ phase }) => phase)]
  for (const [index, phase] of path.entries()) {
    const next = path[index + 1]
    const legal: readonly Phase[] = legalMoves[phase]
    if (next !== undefined && next !== phase && !legal.includes(next)) return `${phase} became ${next}`
  }
  return path.at(-1) === is.phase ? undefined : `it is ${is.phase}, and its history ends with ${path.at(-1)}`
}

export const abortDominates: Invariant = {
  name: 'abort-dominates',
  says: 'Abort beats promote: after an abort commits, the canary is never promoted and takes nothing.',
  watch: () => {
    let aborted: string | undefined
    return {
      rewound: () => void (aborted = undefined),
      writing: ({ after: { rollout, commands } }) => {
        if (rollout === undefined) return undefined
        const wish = commands.some(({ kind, rollout: meant }) => kind === 'abort' && meant === rollout.id)
        // Of several queues, one that has voted for the promotion can only ask the first one, which may have decided.
        if (wish && abortablePhases.includes(rollout.phase) && !hasVoted(rollout)) aborted ??= rollout.id
        const isBack = rollout.phase === 'RollingBack' || rollout.phase === 'RolledBack'
        return aborted !== rollout.id || wish || isBack
          ? undefined
          : `${rollout.id} was aborted and is ${rollout.phase}`
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
    const outcomes: number[] = []
    let openedAt = 0
    return {
      end: ({ start: { role }, at }) => {
        if (role === 'canary') outcomes.push(at)
        return undefined
      },
      writing: (writing) => {
        const [was, is] = [writing.before?.rollout, writing.after.rollout]
        if (is === undefined || !hasMoved(was, is)) return undefined
        const found = was?.id === is.id ? passed(was, is, writing) : undefined
        if (was?.id !== is.id || was.step !== is.step || was.phase === 'Initialized') openedAt = writing.at
        return found
      },
    }

    function passed(was: Rollout, is: Rollout, { before, at }: Writing): string | undefined {
      return hasCommand(before) || facts.rewinds > 0 ? undefined : unproven(was, is, at)
    }

    function unproven(was: Rollout, is: Rollout, at: number): string | undefined {
      const { policy, scenario } = facts
      const step = policy.steps[was.step]
      const goesOn = is.step > was.step && was.phase === 'Progressing'
      if (!goesOn || step?.kind !== 'ramp' || policy.onInsufficientData === 'promote') return undefined
      const name = `step ${was.step + 1}`
      // What ended while the step was being opened, or is told of only now, is counted in it.
      const seen = outcomes.filter((endedAt) => endedAt >= openedAt - facts.latestNewsMs).length
      if (seen < step.minSamples) return `${name} passed with ${seen} outcomes of ${step.minSamples}`
      if (at - openedAt < step.durationMs * slowestClock)
        return `${name} passed after ${at - openedAt} ms of ${step.durationMs}`
      const { external } = scenario.quality
      if (external === undefined || external === 'good') return undefined
      return `${name} passed although its external metric gave: ${external}`
    }
  },
}

function hasMoved(was: Rollout | undefined, is: Rollout): boolean {
  return was?.id !== is.id || was.step !== is.step || was.phase !== is.phase
}

const slowestClock = 0.97

export const badIsNotPromoted: Invariant = {
  name: 'bad-is-not-promoted',
  says: 'A version that fails most of its messages is not promoted by a policy that compares failures, unless an operator forces it.',
  watch: ({ scenario, policy }) => {
    let forced = false
    const compares = policy.analysis.metrics.some(({ kind }) => kind === 'failures')
    const { canaryFailures, canaryStuck } = scenario.quality
    // Handlers that end late are judged late: a step of a second may be over before.
    const samples = policy.steps.reduce((sum, step) => sum + (step.kind === 'ramp' ? step.minSamples : 0), 0)
    // Less than a handful of outcomes tells nothing.
    const isWorse = canaryFailures === 1 && canaryStuck === 0 && samples >= 6
    const isJudged = compares && isWorse && policy.steps.length > 0 && policy.onInsufficientData !== 'promote'
    return {
      writing: ({ before, after }) => {
        if (after.commands.some(({ kind }) => kind === 'promote')) forced = true
        const commits = before?.rollout?.phase === 'Promoting' && after.rollout?.phase === 'Draining'
        return commits && !forced && isJudged && after.stable === 'v2'
          ? `a canary that fails ${canaryFailures} was promoted`
          : undefined
      },
    }
  },
}

function hasCommand(state: Writing['before']): boolean {
  return state !== undefined && state.commands.length > 0
}
