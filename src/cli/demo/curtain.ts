import type { Phase } from '../../core/rollout/rollout.ts'
import { reasonOf } from '../view/status-line.ts'
import { table } from '../view/table.ts'
import { elapsed, percent } from '../view/text.ts'
import type { Ledger } from './ledger.ts'
import type { Played } from './story.ts'

/** What came of the acts; undefined where one did not end. */
export interface Told {
  readonly promoted: Played | undefined
  /** Whether the old version's workers ended by themselves. */
  readonly retired: boolean
  readonly takenBack: Played | undefined
  /** Messages that the bad version failed and the good one handled. */
  readonly rescued: number
}

export interface Ending extends Told {
  readonly ledger: Pick<Ledger, 'count' | 'open' | 'repeated'>
  readonly tookMs: number
}

/** The end of the demo: what happened, and whether it is what was promised. */
export function curtain(ending: Ending): { readonly lines: readonly string[]; readonly asTold: boolean } {
  const { promoted, retired, takenBack, rescued, ledger, tookMs } = ending
  const wrong = faults(ending)
  const rows = [
    ['version', 'outcome', 'share per step: meant, measured', 'harmed', 'rescued'],
    ...(promoted === undefined ? [] : [row(promoted, 0)]),
    ...(takenBack === undefined ? [] : [row(takenBack, rescued)]),
  ]
  const handled = ledger.count - ledger.open
  const retirement = retired ? ' v1 drained and retired by itself.' : ''
  const lines = [
    '',
    'What happened',
    ...table(rows, { left: 3 }),
    '',
    'What decided',
    ...[promoted, takenBack].flatMap((played) => (played === undefined ? [] : decision(played))),
    '',
    `  ${ledger.count} messages published, ${handled} handled, ${ledger.open} lost, ${ledger.repeated} handled twice.${retirement} ${elapsed(tookMs)} in all.`,
    ...(wrong.length === 0 ? next : ['', 'It did not go as told:', ...wrong.map((fault) => `  ${fault}`)]),
  ]
  return { lines, asTold: wrong.length === 0 }
}

function row({ status, lastShare }: Played, rescued: number): readonly string[] {
  const outcome = status.phase === 'Succeeded' ? 'promoted' : 'taken back'
  const ramp = status.steps.filter(({ kind, state }) => kind === 'ramp' && state !== 'ahead')
  const shares = ramp.map(({ weight, measured, state }) => {
    return `${percent(weight)} ${percent(state === 'ended' ? lastShare : measured)}`
  })
  return [status.canary?.version ?? '', outcome, shares.join(', '), String(status.harmed), String(rescued)]
}

/** The sentence that the version was judged by, and how the evidence against it grew. */
function decision({ status, evidence }: Played): readonly string[] {
  const judged = status.analysis.find(({ metric }) => metric === 'failures')
  if (judged === undefined) return []
  const grown = evidence.slice(-mostShown).map((value) => Number(value.toPrecision(2)))
  return [
    `  ${status.canary?.version}: ${judged.why}`,
    `      evidence against it, look by look: ${grown.join(' ')} (${judged.bound} takes it back)`,
  ]
}

const mostShown = 12

function faults({ promoted, retired, takenBack, ledger }: Ending): readonly string[] {
  return [
    ...misled(promoted, 'Succeeded', 'v2 was not promoted'),
    ...(retired ? [] : ['the workers of v1 did not retire']),
    ...misled(takenBack, 'RolledBack', 'v3 was not taken back'),
    ...(takenBack === undefined ? [] : overspent(takenBack)),
    ...(ledger.open === 0 ? [] : [`${ledger.open} messages were handled by nobody`]),
  ]
}

function misled(played: Played | undefined, meant: Phase, fault: string): readonly string[] {
  if (played === undefined) return [`${fault}: its rollout did not end`]
  return played.status.phase === meant ? [] : [`${fault}: ${reasonOf(played.status)}`]
}

function overspent({ status: { harmed, analysis } }: Played): readonly string[] {
  const budget = analysis.find(({ metric }) => metric === 'failure-budget')?.bound ?? 0
  return harmed <= budget ? [] : [`v3 harmed ${harmed} messages, ${budget} are allowed`]
}

const next = [
  '',
  'Next, with your own queue:',
  '  queue-canary doctor                                                          checks environment, broker and store',
  '  queue-canary start --queue orders --version v2 --policy policy.yaml --watch  releases a version',
]
