import { isLinked } from '../../contracts/broker.ts'
import type { Verdict } from '../../core/evidence/metric-state.ts'
import type { Phase } from '../../core/rollout/rollout.ts'
import type { QueueStatus, StepOverview, VersionStatus } from '../../status/queue-status.ts'
import { reasonOf, surroundingLines } from './status-line.ts'
import { splitTable, table } from './table.ts'
import { clean, clip, elapsed, painter, percent } from './text.ts'
import type { Paint, Style } from './text.ts'

export interface Frame {
  readonly columns: number
  readonly rows: number
  readonly color: boolean
}

/** Everything about one queue as lines that fit the frame. Where it is too low, the oldest history goes first. */
export function liveView(status: QueueStatus, frame: Frame): readonly string[] {
  const paint = painter(frame.color)
  const fixed = [
    ...titleLines(status, paint),
    ...surroundingLines(status).map((line) => paint('yellow', `  ${clean(line)}`)),
    ...stepLines(status, paint),
    ...versionLines(status, paint, frame.columns),
    ...verdictLines(status, paint),
    ...waitLines(status, paint),
    ...troubleLines(status, paint),
  ]
  const history = historyLines(status, paint, frame.rows - fixed.length)
  return [...fixed, ...history].slice(0, frame.rows).map((line) => clip(line, frame.columns))
}

function titleLines(status: QueueStatus, paint: Paint): readonly string[] {
  const { queue, namespace, phase, stable, canary } = status
  const versions = canary === null ? clean(status.current) : `${clean(stable.version)} → ${clean(canary.version)}`
  const shown = phase === null ? paint('dim', 'no rollout') : paint(phaseStyle(phase), phase)
  return [
    `${paint('bold', clean(queue))} ${paint('dim', `(${clean(namespace)})`)}  ${shown}  ${versions}`,
    `  ${clean(reasonOf(status))}`,
  ]
}

function stepLines(status: QueueStatus, paint: Paint): readonly string[] {
  const { steps, step } = status
  if (steps.length === 0) return []
  const lines = steps.map((overview, index) => stepLine(overview, index, status, paint))
  const why = step?.weight.why
  const late =
    why === undefined ? [] : [paint('yellow', `    ${percent(step?.weight.measured ?? null)} measured: ${clean(why)}`)]
  return ['', paint('bold', 'Steps'), ...lines, ...late]
}

function stepLine(overview: StepOverview, index: number, { step }: QueueStatus, paint: Paint): string {
  const [mark, style] = stepMarks[overview.state]
  const name = `${mark} ${String(index + 1).padStart(2)}`
  const running = overview.state === 'running' && step !== null
  const time = running ? `${elapsed(step.elapsedMs)} of ${lasting(overview)}` : lasting(overview)
  if (overview.kind === 'pause') return paint(style, `  ${name}  pause    ${time}`)
  const measured = overview.measured === null ? '' : `measured ${percent(overview.measured)}`
  return paint(
    style,
    `  ${name}  ${percent(overview.weight).padStart(6)}  ${bar(overview)}  ${measured.padEnd(16)}  ${time}`,
  )
}

const stepMarks: Readonly<Record<StepOverview['state'], readonly [string, Style]>> = {
  passed: ['✓', 'green'],
  skipped: ['»', 'yellow'],
  running: ['▶', 'cyan'],
  ended: ['✗', 'red'],
  ahead: ['·', 'dim'],
}

function lasting({ durationMs }: StepOverview): string {
  return durationMs === null ? 'until promote' : elapsed(durationMs)
}

const barCells = 20

/** What was reached in full blocks, what was meant in light ones. */
function bar({ weight, measured }: StepOverview): string {
  const cells = (value: number | null) =>
    value === null || value === 0 ? 0 : Math.max(1, Math.round((value * barCells) / 100))
  const done = Math.min(barCells, cells(measured))
  const meant = Math.max(0, cells(weight) - done)
  return '█'.repeat(done) + '▒'.repeat(meant) + '░'.repeat(Math.max(0, barCells - done - meant))
}

function versionLines({ stable, canary }: QueueStatus, paint: Paint, columns: number): readonly string[] {
  const rows = [heads, versionRow('stable', stable), ...(canary === null ? [] : [versionRow('canary', canary)])]
  return splitTable(rows, columns).flatMap((part) => {
    const [head = '', ...rest] = table(part)
    return ['', paint('dim', head), ...rest]
  })
}

const heads = [
  '',
  'version',
  'state',
  'workers',
  'in flight',
  'taken',
  'succeeded',
  'failed',
  'timed out',
  'handed back',
  'rescued',
  'dead-lettered',
]

function versionRow(role: string, { version, state, workers, inFlight, outcomes }: VersionStatus): readonly string[] {
  const { taken, succeeded, failed, timedOut, handedBack, rescued, deadLettered } = outcomes
  const counts = [workers, inFlight, taken, succeeded, failed, timedOut, handedBack, rescued, deadLettered]
  return [role, clean(version), state, ...counts.map(String)]
}

function verdictLines({ analysis }: QueueStatus, paint: Paint): readonly string[] {
  if (analysis.length === 0) return []
  const width = Math.max(...analysis.map(({ metric }) => metric.length))
  const lines = analysis.map(({ metric, verdict, why }) => {
    const [mark, style] = verdictMarks[verdict]
    return `  ${paint(style, `${mark} ${clean(metric).padEnd(width)}  ${verdict.padEnd(12)}`)}  ${clean(why)}`
  })
  return ['', paint('bold', 'Verdicts'), ...lines, ...evidenceLines(analysis)]
}

/** What speaks against the canary, on a logarithmic scale: from nothing to what takes it back. */
function evidenceLines(analysis: QueueStatus['analysis']): readonly string[] {
  const { statistic, bound } = analysis.find((entry) => entry.statistic !== null) ?? nothingCompared
  if (statistic === null || bound === null) return []
  const part = Math.log(Math.max(1, statistic)) / Math.log(bound)
  const cells = Math.min(barCells, Math.ceil(part * barCells))
  const shown = Number(statistic.toPrecision(2))
  return [
    `  evidence against it  ${'█'.repeat(cells)}${'░'.repeat(barCells - cells)}  ${shown} of ${Math.round(bound)}`,
  ]
}

const nothingCompared = { statistic: null, bound: null }

const verdictMarks: Readonly<Record<Verdict, readonly [string, Style]>> = {
  successful: ['✓', 'green'],
  inconclusive: ['?', 'yellow'],
  error: ['!', 'red'],
  failed: ['✗', 'red'],
}

function waitLines({ stable, canary }: QueueStatus, paint: Paint): readonly string[] {
  return [stable, ...(canary === null ? [] : [canary])].flatMap(({ version, accepts, unaccepted, waiting }) => {
    if (accepts === null || Math.max(unaccepted, waiting) === 0) return []
    const only = `${clean(version)} accepts only ${clean(accepts.header)} ${clean(accepts.range)}`
    return [
      paint('yellow', `  ! ${only}: ${unaccepted} not accepted, ${waiting} waiting for a version that accepts them`),
    ]
  })
}

function troubleLines({ workers }: QueueStatus, paint: Paint): readonly string[] {
  const troubled = workers.filter(({ alive, state, link, linkReason, stuck }) => {
    const takesNothing = state === 'ready' && (!isLinked(link) || linkReason !== null)
    return alive && (takesNothing || stuck > 0)
  })
  return troubled.map(({ worker, version, link, linkReason, stuck }) => {
    const reason = linkReason === null ? link : `${link}: ${linkReason}`
    const held = stuck === 0 ? '' : `, ${stuck} slots held by handlers whose time is over`
    return paint('yellow', `  ! ${clean(worker)} (${clean(version)}): link ${clean(reason)}${held}`)
  })
}

const mostHistory = 8

/** The newest entries that fit into `room` lines, heading included. */
function historyLines({ history }: QueueStatus, paint: Paint, room: number): readonly string[] {
  const count = Math.min(mostHistory, room - 2, history.length)
  if (count <= 0) return []
  const lines = history.slice(-count).map(({ elapsedMs, phase, why }) => {
    const head = `${elapsed(elapsedMs).padStart(6)}  ${paint(phaseStyle(phase), phase.padEnd(16))}`
    return `  ${head}  ${clean(why)}`
  })
  return ['', paint('bold', 'History'), ...lines]
}

function phaseStyle(phase: Phase): Style {
  if (phase === 'Succeeded') return 'green'
  if (phase === 'RollingBack' || phase === 'RolledBack') return 'red'
  return phase === 'Paused' ? 'yellow' : 'cyan'
}
