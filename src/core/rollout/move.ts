import { compareAnew } from './comparison.ts'
import type { Effect, Transition } from './event.ts'
import { historyLimit, legalMoves } from './rollout.ts'
import type { Hold, Phase, Rollout, Totals } from './rollout.ts'

export interface Move {
  readonly phase: Phase
  readonly at: string
  readonly why: string
  readonly hold?: Hold
  readonly step?: number
  readonly numbers?: Readonly<Record<string, number | string>>
  readonly effects?: readonly Effect[]
}

/** The only writer of `phase`, `step` and `history`. A move that `legalMoves` does not list is a defect and throws. */
export function moveTo(rollout: Rollout, move: Move): Transition<Rollout> {
  const legal: readonly Phase[] = legalMoves[rollout.phase]
  if (move.phase !== rollout.phase && !legal.includes(move.phase))
    throw new Error(`illegal move ${rollout.phase} -> ${move.phase}`)
  const step = move.step ?? rollout.step
  const entry = {
    at: move.at,
    elapsedMs: rollout.elapsedMs,
    phase: move.phase,
    step,
    why: move.why,
    numbers: move.numbers ?? {},
  }
  const state: Rollout = {
    ...rollout,
    phase: move.phase,
    hold: move.hold,
    step,
    phaseElapsedMs: move.phase === rollout.phase ? rollout.phaseElapsedMs : 0,
    why: move.why,
    history: [...rollout.history, entry].slice(-historyLimit),
  }
  return { state, effects: [...(move.effects ?? []), { kind: 'announce', why: move.why }] }
}

/** Without what was measured so far. What was compared is lost, which halves the significance level: trying again is no way around it. */
export function judgedAnew(rollout: Rollout): Rollout {
  const { comparison } = rollout
  return { ...rollout, metrics: {}, errorsBefore: undefined, comparison: comparison && compareAnew(comparison) }
}

/** Opens a step: its clock, its totals and its measurements begin anew; without totals, at the next look. */
export function openStep(rollout: Rollout, totals: Totals | undefined): Rollout {
  const metrics = Object.fromEntries(
    Object.entries(rollout.metrics).map(([name, metric]) => [name, { ...metric, inStep: 0 }]),
  )
  return { ...rollout, stepElapsedMs: 0, stepOrigin: totals, forgone: 0, metrics }
}
