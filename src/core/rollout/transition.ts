import { assertNever } from '../assert-never.ts'
import { spellDuration } from '../policy/duration.ts'
import type { Policy } from '../policy/policy.ts'
import { command } from './command.ts'
import { commit } from './commit.ts'
import type { RolloutEvent, Transition } from './event.ts'
import { bound, boundCommand, followGroup } from './follow-group.ts'
import { gated } from './gate.ts'
import { lackOfProof, outage, spentBudget, suspected, unproven } from './judge.ts'
import { judged } from './judged.ts'
import { stay } from './look.ts'
import type { Look } from './look.ts'
import { bookLook } from './measure.ts'
import { moveTo } from './move.ts'
import { abortablePhases, isTerminal } from './rollout.ts'
import type { Rollout } from './rollout.ts'
import { nextStep, passStep } from './steps.ts'

/** The whole of a rollout's logic: where it goes from here. Terminal phases absorb everything. */
export function transition(rollout: Rollout, event: RolloutEvent, policy: Policy): Transition<Rollout> {
  if (event.kind === 'command') return boundCommand(rollout, command(rollout, event, policy))
  if (isTerminal(rollout.phase)) return { state: rollout, effects: [] }
  const booked = bookLook(rollout, policy, event)
  const look: Look = { rollout: booked, policy, seen: event.seen, at: event.at }
  return bound(look, followGroup(look) ?? judged(look) ?? deadline(look) ?? gated(look, proceed(look)))
}

/** The rollout's own deadline: nothing before the commit lasts longer. It does not run in a freeze, in which nobody could keep it. */
function deadline({ rollout, policy, at }: Look): Transition<Rollout> | undefined {
  const usedMs = rollout.elapsedMs - (rollout.frozenMs ?? 0)
  if (!abortablePhases.includes(rollout.phase) || usedMs < policy.progressDeadlineMs) return undefined
  const why = `not promoted within progressDeadline (${spellDuration(policy.progressDeadlineMs)}); last: ${rollout.why}`
  return moveTo(rollout, { phase: 'RollingBack', at, why })
}

function proceed(look: Look): Transition<Rollout> {
  const { rollout, policy, seen } = look
  switch (rollout.phase) {
    case 'Initialized':
      return begin(look)
    case 'Progressing':
      return passStep(look)
    case 'Paused':
      return endOfPause(look)
    case 'WaitingPromotion':
      return promoteWhenReady(look)
    case 'Promoting':
      return commitWhenWarm(look)
    case 'Draining':
      return endWhenDrained(look, leaving(look), policy.drain.timeoutMs)
    case 'RollingBack':
      return endWhenDrained(look, seen.canary.undrained, policy.drain.timeoutMs)
    case 'Succeeded':
    case 'RolledBack':
      return stay(rollout)
    default:
      return assertNever(rollout.phase)
  }
}

function begin(look: Look): Transition<Rollout> {
  const { rollout, seen } = look
  if (seen.canary.ready === 0) return stay(rollout, `waiting for a ready consumer of ${rollout.canary}`)
  if (seen.stable.ready === 0 && !replacesTheDead(look))
    return stay(rollout, `waiting for a ready consumer of ${rollout.stable}, which is in charge`)
  // A step measures its share from the totals at its start, so they have to be of now.
  const unaware = seen.stable.unaware + seen.canary.unaware
  if (unaware > 0) return stay(rollout, `waiting for ${unaware} consumers to take notice of the rollout`)
  // What the stable version makes of them would be taken for the fate of this canary's messages.
  if (seen.handBackBacklog !== undefined && seen.handBackBacklog > 0 && !replacesTheDead(look))
    return stay(rollout, `waiting for ${seen.handBackBacklog} messages that an earlier canary handed back`)
  return nextStep(look, -1, `${rollout.canary} and ${rollout.stable} are ready`)
}

function endOfPause(look: Look): Transition<Rollout> {
  const { rollout, policy } = look
  const step = policy.steps[rollout.step]
  if (rollout.hold !== 'step' || step?.kind !== 'pause' || step.durationMs === undefined) return stay(rollout)
  if (rollout.stepElapsedMs < step.durationMs) return stay(rollout)
  return nextStep(look, rollout.step, `the pause of ${spellDuration(step.durationMs)} is over`)
}

function promoteWhenReady(look: Look): Transition<Rollout> {
  const { rollout, policy, seen, at } = look
  const { workers } = policy.promotion
  if (seen.canary.ready < workers)
    return stay(rollout, `waiting for ${workers} ready consumers of ${rollout.canary}: ${seen.canary.ready}`)
  const open = handBackOpen(look) ?? outage(rollout) ?? suspected(rollout, policy)
  if (open !== undefined) return stay(rollout, open)
  const lack = lackOfProof(rollout, policy)
  if (lack !== undefined && policy.onInsufficientData !== 'promote') return lacksProof(look, lack)
  const why = `${seen.canary.ready} consumers of ${rollout.canary} are ready and nothing waits in the hand-back queue`
  return moveTo(rollout, { phase: 'Promoting', at, why, numbers: { ready: seen.canary.ready, workers } })
}

function commitWhenWarm(look: Look): Transition<Rollout> {
  const { rollout, policy, seen } = look
  if (rollout.phaseElapsedMs < policy.promotion.durationMs) return stay(rollout)
  if (seen.canary.ready < policy.promotion.workers)
    return stay(rollout, `waiting for ${policy.promotion.workers} ready consumers: ${seen.canary.ready}`)
  const open = handBackOpen(look) ?? outage(rollout) ?? unprovenWithoutRamp(rollout, policy)
  return open === undefined ? commit(look) : stay(rollout, open)
}

function lacksProof({ rollout, policy, at }: Look, why: string): Transition<Rollout> {
  const numbers = { harmed: rollout.harmed }
  if (policy.onInsufficientData === 'rollback') return moveTo(rollout, { phase: 'RollingBack', at, why, numbers })
  if (policy.onInsufficientData === 'pause')
    return moveTo(rollout, { phase: 'Paused', hold: 'insufficientData', at, why, numbers })
  return stay(rollout, why)
}

/** Where no step has asked for evidence, the metrics of the policy must have theirs before the commit. */
function unprovenWithoutRamp(rollout: Rollout, policy: Policy): string | undefined {
  const ramped = policy.steps.some(({ kind }) => kind === 'ramp')
  return ramped || policy.onInsufficientData === 'promote' ? undefined : unproven(rollout, policy)
}

/**
 * Why it is open what becomes of what the canary failed. A message that waits to be handed back has been handled by nobody: not knowing the number is
 * no better than some. Behind a failure budget that is used up are messages that the stable version may yet fail too.
 */
function handBackOpen(look: Look): string | undefined {
  const { rollout, policy, seen } = look
  if (replacesTheDead(look)) return undefined
  const spent = spentBudget(rollout, policy)
  if (spent !== undefined) return `waiting: ${spent}, unless ${rollout.stable} fails some of them too`
  if (seen.handBackBacklog === undefined) return 'waiting: it is not known how many messages are handed back'
  return seen.handBackBacklog === 0
    ? undefined
    : `waiting: ${seen.handBackBacklog} messages are handed back and not yet handled`
}

/** Blue/green with nobody left of the version in charge, as when a broken one is undone: there is nothing to compare with, and nobody to wait for. */
function replacesTheDead({ rollout, policy, seen }: Look): boolean {
  return policy.strategy === 'blueGreen' && seen.stable.live === 0 && rollout.recountMs === undefined
}

/** Consumers of the old version that are not done yet. Within a rollback window they do not drain: it is enough that they hold nothing. */
function leaving({ policy, seen: { stable } }: Look): number {
  return policy.rollbackWindowMs > 0 ? stable.holding : stable.undrained
}

/** Coordinators see an end of a drain a little after the consumers do. */
const drainGraceMs = 10_000

function endWhenDrained({ rollout, at }: Look, undrained: number, timeoutMs: number): Transition<Rollout> {
  const [phase, version] =
    rollout.phase === 'Draining' ? (['Succeeded', rollout.stable] as const) : (['RolledBack', rollout.canary] as const)
  const effects = phase === 'RolledBack' ? [{ kind: 'buryCanary' } as const] : []
  if (undrained === 0 && rollout.recountMs === undefined) {
    return moveTo(rollout, {
      phase,
      at,
      why: `the consumers of ${version} have drained`,
      numbers: { harmed: rollout.harmed },
      effects,
    })
  }
  const unknown = `the store may have lost reports, and consumers of ${version} may live`
  // Once they have reported again, the reason is that of the phase.
  if (rollout.phaseElapsedMs < timeoutMs + drainGraceMs)
    return stay(rollout, undrained === 0 ? `waiting: ${unknown}` : rollout.history.at(-1)?.why)
  const left = undrained === 0 ? unknown : `${undrained} consumers of ${version} still held messages`
  const why = `drain deadline: ${left} after ${spellDuration(timeoutMs)}`
  return moveTo(rollout, { phase, at, why, numbers: { undrained, harmed: rollout.harmed }, effects })
}
