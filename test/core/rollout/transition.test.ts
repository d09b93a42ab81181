import { describe, expect, it } from 'vitest'
import { isTerminal, legalMoves } from '../../../src/core/rollout/rollout.ts'
import { transition } from '../../../src/core/rollout/transition.ts'
import { brokenRules, implies } from '../../support/broken-rules.ts'
import { happenings, rolloutIn, situationOf, situations } from './situations.ts'

/**
 * Where each happening leads from each situation: `-` it stays as it is, `x` it is refused, otherwise the letter of the new situation, with
 * the step that runs then where it matters.
 */
const table = `
                    | Init Prog P/st P/op P/fa P/in Wait Prom Drai Roll Succ Back
nothing new         | P0   -    -    -    -    -    M    -    -    -    -    -
time over           | P0   S1   P2   -    -    -    M    G    -    -    -    -
no samples          | P0   -    P2   -    -    -    M    G    -    -    -    -
budget spent        | P0   B    B    B    -    -    B    B    -    -    -    -
budget in doubt     | P0   S1   P2   -    -    -    -    -    -    -    -    -
metric failed       | P0   B    B    B    -    -    B    B    -    -    -    -
metric inconclusive | P0   D    D    D    -    -    D    D    -    -    -    -
metric error        | P0   B    B    B    -    -    B    B    -    -    -    -
deadline            | B    B    B    B    B    B    B    B    -    -    -    -
hand-back unknown   | P0   S1   P2   -    -    -    -    -    -    -    -    -
hand-back open      | -    S1   P2   -    -    -    -    -    -    -    -    -
canary not ready    | -    S1   P2   -    -    -    -    -    -    -    -    -
stable not ready    | -    S1   P2   -    -    -    M    G    -    -    -    -
stable unaware      | -    S1   P2   -    -    -    M    G    -    -    -    -
drained             | P0   -    -    -    -    -    M    -    Y    N    -    -
reports lost        | P0   -    -    -    -    -    M    -    -    -    -    -
recounted           | P0   -    -    -    -    -    M    -    Y    N    -    -
drain deadline      | P0   -    -    -    -    -    M    G    Y    N    -    -
promote             | x    S1   P2   S1   x    S1   x    x    x    x    x    x
promote --full      | M3   M3   M3   M3   M3   M3   M3   -    x    x    x    x
pause               | x    O0   O1   -    -    -    x    x    x    x    x    x
resume              | x    -    x    P0   P0   P0   x    x    x    x    x    x
abort               | B    B    B    B    B    B    B    B    x    -    x    x
`

const letters: Readonly<Record<string, string>> = {
  P: 'Progressing',
  S: 'Paused/step',
  O: 'Paused/operator',
  D: 'Paused/insufficientData',
  M: 'Promoting',
  G: 'Draining',
  B: 'RollingBack',
  Y: 'Succeeded',
  N: 'RolledBack',
}

const rows = table
  .trim()
  .split('\n')
  .slice(1)
  .map((line) => line.split('|').map((part) => part.trim()))
const cases = rows.flatMap(([name = '', cells = '']) =>
  cells.split(/\s+/).map((cell, index) => {
    const letter = letters[cell.charAt(0)]
    const expected = letter === undefined ? cell : `${letter} ${cell.slice(1)}`.trim()
    return { name, situation: Object.keys(situations)[index] ?? '?', expected }
  }),
)

describe('transition', () => {
  it('has a table of every situation and every happening', () => {
    expect(rows.map(([name]) => name)).toEqual(Object.keys(happenings))
    expect(cases).toHaveLength(Object.keys(situations).length * Object.keys(happenings).length)
  })

  it.each(cases)('$situation, $name: $expected', ({ situation, name, expected }) => {
    const { event, before, policy } = happenings[name] ?? {}
    if (event === undefined || policy === undefined) throw new Error(`nothing is known of ${name}`)
    const from = rolloutIn(situation, before)
    const { state, effects } = transition(from, event, policy)
    const refused = effects.some(({ kind }) => kind === 'refuse')
    const stays = situationOf(state) === situation && state.step === from.step && state.history === from.history
    const where = /\d$/.test(expected) ? `${situationOf(state)} ${state.step}` : situationOf(state)
    const rules = {
      [`leads to ${expected}, not ${where}`]: stays ? expected === '-' || expected === 'x' : where === expected,
      'is refused or not': refused === (expected === 'x'),
      'terminal phases absorb': implies(isTerminal(from.phase), state === from),
      'the move is legal':
        state.phase === from.phase || [...legalMoves[from.phase]].some((phase) => phase === state.phase),
      'only a pause is held': (state.phase === 'Paused') === (state.hold !== undefined),
    }
    expect(brokenRules(rules)).toEqual([])
  })

  it('commits the promotion with the move to Draining, and buries the canary with the move to RolledBack', () => {
    const kinds = (situation: string, name: string) => {
      const { event, before, policy } = happenings[name] ?? {}
      if (event === undefined || policy === undefined) throw new Error(`nothing is known of ${name}`)
      return transition(rolloutIn(situation, before), event, policy).effects.map(({ kind }) => kind)
    }
    expect(kinds('Promoting', 'time over')).toEqual(['commitPromotion', 'announce'])
    expect(kinds('RollingBack', 'drained')).toEqual(['buryCanary', 'announce'])
    expect(kinds('RollingBack', 'drain deadline')).toEqual(['buryCanary', 'announce'])
    expect(kinds('Draining', 'drained')).toEqual(['announce'])
    expect(kinds('Progressing', 'budget spent')).toEqual(['announce'])
  })
})
