import type { CohortLook } from '../../../src/core/evidence/cohort-look.ts'
import type { JudgeOptions } from '../../../src/core/evidence/judge-options.ts'
import { noHistory, observeLook, openJudge } from '../../../src/core/evidence/judge-state.ts'
import type { JudgeState } from '../../../src/core/evidence/judge-state.ts'
import { judgeOptions, strictOptions } from '../../core/evidence/judge-options.ts'
import type { Random } from './traffic/random.ts'

export const strict = strictOptions
export const byDefault = judgeOptions()

/** A judge that watched 300 looks of the stable version before the rollout. */
export function openWithHistory(random: Random, options: JudgeOptions, rate: number, messages: number): JudgeState {
  const before = 300 * messages
  const failed = random.binomial(before, rate)
  return openJudge(options, { ...noHistory, stable: { messages: before, failed } })
}

export function isTakenBack(state: JudgeState, options: JudgeOptions): boolean {
  return state.peak >= 1 / options.significanceLevel
}

export interface Course {
  readonly options: JudgeOptions
  readonly start: JudgeState
  readonly looks: number
  readonly next: (look: number) => CohortLook | undefined
}

export interface Ending {
  readonly rolledBack: boolean
  /** Looks until then. */
  readonly looks: number
  readonly state: JudgeState
}

/** Goes on until the canary is taken back or the looks are over. */
export function follow({ options, start, looks, next }: Course): Ending {
  let state = start
  for (let number = 0; number < looks; number++) {
    const look = next(number)
    if (look === undefined) continue
    state = observeLook(state, look, options)
    if (isTakenBack(state, options)) return { rolledBack: true, looks: number + 1, state }
  }
  return { rolledBack: false, looks, state }
}

/** How many of the runs end as asked. */
export function countRuns(
  runs: number,
  hit: (run: number) => boolean,
): { readonly hits: number; readonly runs: number } {
  let hits = 0
  for (let run = 0; run < runs; run++) if (hit(run)) hits += 1
  return { hits, runs }
}
