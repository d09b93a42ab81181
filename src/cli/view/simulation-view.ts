import { percent as fraction } from '../../core/evidence/explain.ts'
import type { Policy } from '../../core/policy/policy.ts'
import type { Plan, Planned } from '../../simulate/plan.ts'
import { outcomes } from '../../simulate/summary.ts'
import type { OutcomeSummary, Percentiles, Summary } from '../../simulate/summary.ts'
import type { TimelinePoint } from '../../simulate/timeline.ts'
import type { Run } from '../../simulate/simulation.ts'
import type { Traffic } from '../../simulate/traffic.ts'
import { axis, chart } from './chart.ts'
import type { Mark } from './chart.ts'
import { table } from './table.ts'
import { clip, elapsed, painter } from './text.ts'
import type { Paint } from './text.ts'

export interface Simulated {
  readonly file: string
  readonly policy: Policy
  readonly traffic: Traffic
  readonly seed: number
  readonly summary: Summary
  readonly plan: Plan | undefined
  readonly typical: { readonly run: Run; readonly timeline: readonly TimelinePoint[] }
  readonly notes: readonly string[]
}

export interface Page {
  readonly columns: number
  readonly color: boolean
  /** Whether a terminal shows it: blocks instead of letters. */
  readonly unicode: boolean
}

/** Columns of a timeline that fit the page. */
export function timelineColumns({ columns }: Pick<Page, 'columns'>): number {
  return Math.max(20, Math.min(100, columns - labelWidth - 4))
}

/** Odds, plan and pictures as lines. */
export function simulationView(simulated: Simulated, page: Page): readonly string[] {
  const paint = painter(page.color)
  const { file, traffic, summary, seed, notes } = simulated
  return [
    paint('bold', file),
    ...describeTraffic(traffic),
    paint('dim', `${whole(summary.runs)} ${summary.runs === 1 ? 'run' : 'runs'}, seed ${seed}`),
    '',
    ...oddsLines(summary, paint),
    ...planLines(simulated, paint),
    ...pictureLines(simulated, page, paint),
    ...(notes.length === 0 ? [] : ['', ...notes.map((note) => paint('dim', `note: ${note}`))]),
  ].map((line) => clip(line, page.columns))
}

/** `50/s steady, handlers take 20ms`, and `stable fails 0.5 %, canary 5 % from 10m00s on`. */
export function describeTraffic(traffic: Traffic): readonly [string, string] {
  const { kind, ratePerSecond, stable, canary, onsetMs, poison, deathsPerHour } = traffic
  const ofCanary = stable.latencyMs === canary.latencyMs ? [] : [`the canary's ${spell(canary.latencyMs)}`]
  const since = onsetMs === 0 ? '' : ` from ${elapsed(onsetMs)} on`
  return [
    [`${rounded(ratePerSecond)}/s ${kind}`, `handlers take ${spell(stable.latencyMs)}`, ...ofCanary].join(', '),
    [
      `stable fails ${fraction(stable.failures)}`,
      `canary ${fraction(canary.failures)}${since}`,
      ...(poison === 0 ? [] : [`${fraction(poison)} fail on both`]),
      ...(deathsPerHour === 0 ? [] : [`${rounded(deathsPerHour)} deaths/h`]),
    ].join(', '),
  ]
}

function oddsLines({ outcomes: found }: Summary, paint: Paint): readonly string[] {
  const rows = outcomes.map((outcome) => oddsRow(outcome, found[outcome]))
  const [head = '', ...lines] = table([['', 'odds', 'time', 'p95', 'harmed', 'p95', 'canary messages'], ...rows], {
    indent: '',
  })
  return [paint('dim', head), ...lines]
}

function oddsRow(outcome: string, { odds, elapsedMs, harmed, canaryMessages }: OutcomeSummary): readonly string[] {
  const of = (values: Percentiles | undefined, key: 'p50' | 'p95', show: (value: number) => string) =>
    values === undefined ? '-' : show(values[key])
  return [
    outcome,
    `${(100 * odds).toFixed(1)} %`,
    of(elapsedMs, 'p50', elapsed),
    of(elapsedMs, 'p95', elapsed),
    of(harmed, 'p50', whole),
    of(harmed, 'p95', whole),
    of(canaryMessages, 'p50', whole),
  ]
}

function planLines({ plan, traffic }: Simulated, paint: Paint): readonly string[] {
  if (plan === undefined) return []
  const rows = plan.steps.map(({ step, weight, durationMs, messages, toRollBack, toProve }) => [
    `step ${step + 1}`,
    `${rounded(weight)} %`,
    elapsed(durationMs),
    ...[messages, toRollBack, toProve].map((value) => (Number.isFinite(value) ? whole(value) : '-')),
  ])
  const head = ['planned', 'weight', 'lasts', 'canary messages', 'to roll back', 'to prove']
  const [headLine = '', ...lines] = table([head, ...rows], { indent: '' })
  return ['', paint('dim', headLine), ...lines, ...plannedLines(plan, fraction(traffic.canary.failures))]
}

function plannedLines({ rollback, proof }: Plan, failures: string): readonly string[] {
  const after = ({ elapsedMs, messages }: Planned) => `after ${elapsed(elapsedMs)} and ${whole(messages)} messages`
  return [
    rollback === undefined
      ? `a canary that fails ${failures} is not taken back for it`
      : `a canary that fails ${failures} is taken back ${after(rollback)}, ${whole(rollback.failures)} failed`,
    proof === undefined
      ? 'a canary as good as stable is never proven'
      : `one as good as stable is proven ${after(proof)}`,
  ]
}

const labelWidth = 8
const chartHeight = 4

function pictureLines(simulated: Simulated, page: Page, paint: Paint): readonly string[] {
  const { typical, policy } = simulated
  const { run, timeline } = typical
  if (timeline.length === 0) return []
  const { analysis } = policy
  const compares = analysis.metrics.some(({ kind }) => kind === 'failures' || kind === 'latency')
  const most = Math.max(...timeline.map(({ share = 0 }) => share))
  const options = { height: chartHeight, labelWidth, unicode: page.unicode }
  const shares = timeline.map(({ share }) => share && share / most)
  const against = timeline.map(({ evidence }) => logPart(evidence, 1 / analysis.significanceLevel))
  const proofs = timeline.map(({ proof }) => logPart(proof, 1 / analysis.promotionErrorRate))
  const proves = analysis.metrics.some(({ kind }) => kind === 'failures')
  const bounds = { against: 1 / analysis.significanceLevel, proof: 1 / analysis.promotionErrorRate }
  return [
    '',
    `${paint('bold', `a typical run: ${run.phase} after ${elapsed(run.elapsedMs)}`)}, ${run.harmed} harmed`,
    paint('dim', 'share of the messages that the canary took'),
    ...chart(shares, { ...options, top: `${rounded(most)} %`, bottom: '0 %' }),
    ...(compares
      ? [
          paint('dim', `evidence against it (logarithmic); at ${rounded(bounds.against)} it is taken back`),
          ...chart(against, { ...options, top: rounded(bounds.against), bottom: '1' }),
        ]
      : []),
    ...(proves
      ? [
          paint('dim', `proof that it is not worse (logarithmic); ${rounded(bounds.proof)} is enough`),
          ...chart(proofs, { ...options, top: rounded(bounds.proof), bottom: '1' }),
        ]
      : []),
    axis(timeMarks(run, timeline.length), { labelWidth, width: timeline.length }),
    ...historyOf(run).map((line) => paint('dim', line)),
  ]
}

/** 0 for what is 1 or less, 1 for the bound. */
function logPart(value: number, bound: number): number {
  return value <= 1 ? 0 : Math.log(value) / Math.log(bound)
}

/** Where steps and phases begin. */
function timeMarks({ history, elapsedMs: endMs }: Run, width: number): readonly Mark[] {
  return history.slice(1).map(({ elapsedMs }) => ({
    column: Math.min(width - 1, Math.floor((width * elapsedMs) / Math.max(1, endMs))),
    text: elapsed(elapsedMs),
  }))
}

function historyOf({ history }: Run): readonly string[] {
  return history.slice(1).map(({ elapsedMs, why }) => `${elapsed(elapsedMs).padStart(labelWidth)}  ${why}`)
}

function whole(value: number): string {
  return Math.round(value).toLocaleString('en-GB')
}

function rounded(value: number): string {
  return String(Number(value.toPrecision(3)))
}

function spell(ms: number): string {
  return ms < 1_000 ? `${rounded(ms)}ms` : elapsed(ms)
}
