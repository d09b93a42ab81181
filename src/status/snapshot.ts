import { countsSince, harmedIn, noCounts } from '../core/evidence/counts.ts'
import type { Counts } from '../core/evidence/counts.ts'
import type { ConsumerReport } from '../core/rollout/consumer-report.ts'
import { bindingFreeze } from '../core/rollout/binding-freeze.ts'
import { abortablePhases } from '../core/rollout/rollout.ts'
import type { Rollout } from '../core/rollout/rollout.ts'
import { analysisOf } from './analysis.ts'
import type { FreezeStatus, QueueStatus, VersionStatus, WorkerStatus } from './queue-status.ts'
import { sum, viewOf } from './status-view.ts'
import type { StatusInput, StatusView } from './status-view.ts'
import { stepOf, stepsOf } from './steps.ts'
import { versionState } from './version-state.ts'

/** Everything that is known of one queue, ready to be printed. */
export function statusOf(input: StatusInput): QueueStatus {
  const { queue, namespace, state } = input
  const view = viewOf(input)
  const rolling = state.rollout === undefined ? atRest(view) : inRollout(view, state.rollout)
  const { phase, hold, why, strategy, rollout, stable, canary, ...rest } = rolling
  return {
    queue,
    namespace,
    phase,
    hold,
    why,
    strategy,
    rollout,
    generation: state.generation,
    epoch: state.epoch,
    sequence: state.sequence,
    coordinator: state.lease.holder ?? null,
    current: state.stable,
    stable,
    canary,
    ...rest,
    group: groupOf(state.rollout),
    freeze: freezeOf(view),
    rollbackWindow: state.standby ? { version: state.standby.version, remainingMs: state.standby.leftMs } : null,
    workers: input.reports.map((report) => workerStatus(report, view.living.includes(report))),
  }
}

type RolloutPart = Pick<
  QueueStatus,
  | 'phase'
  | 'hold'
  | 'why'
  | 'strategy'
  | 'rollout'
  | 'stable'
  | 'canary'
  | 'step'
  | 'steps'
  | 'harmed'
  | 'policyDigest'
  | 'analysis'
  | 'history'
>

function inRollout(view: StatusView, rollout: Rollout): RolloutPart {
  const { phase, why, id, harmed, policyDigest, history, origin } = rollout
  return {
    phase,
    hold: rollout.hold ?? null,
    why,
    strategy: view.policy?.strategy ?? null,
    rollout: id,
    stable: versionStatus(view, rollout.stable, since(origin?.stable)),
    canary: versionStatus(view, rollout.canary, since(origin?.canary)),
    step: stepOf(view),
    steps: stepsOf(view),
    harmed,
    policyDigest,
    analysis: analysisOf(view),
    history,
  }
}

function atRest(view: StatusView): RolloutPart {
  return {
    phase: null,
    hold: null,
    why: 'no rollout was started yet',
    strategy: null,
    rollout: null,
    stable: versionStatus(view, view.state.stable, (totals) => totals),
    canary: null,
    step: null,
    steps: [],
    harmed: 0,
    policyDigest: null,
    analysis: [],
    history: [],
  }
}

/** Before the first look nothing belongs to the rollout. */
function since(origin: Counts | undefined): (totals: Counts) => Counts {
  return (totals) => (origin === undefined ? noCounts : countsSince(totals, origin))
}

function versionStatus(view: StatusView, version: string, counted: (totals: Counts) => Counts): VersionStatus {
  const living = view.living.filter((report) => report.version === version)
  return {
    version,
    state: versionState(view.state, version, living),
    workers: living.length,
    inFlight: sum(living.map(({ inFlight }) => inFlight)),
    capacity: sum(living.map(({ capacity }) => capacity)),
    outcomes: counted(view.totals(version)),
    ...contractStatus(living),
  }
}

function contractStatus(living: readonly ConsumerReport[]): Pick<VersionStatus, 'accepts' | 'unaccepted' | 'waiting'> {
  const contracts = living.flatMap(({ contract }) => contract ?? [])
  const [first] = contracts
  return {
    accepts: first === undefined ? null : { header: first.header, range: first.range },
    unaccepted: sum(contracts.map(({ unaccepted }) => unaccepted)),
    waiting: sum(contracts.map(({ waiting }) => waiting)),
  }
}

function groupOf(rollout: Rollout | undefined): QueueStatus['group'] {
  const group = rollout?.group
  return group === undefined ? null : { id: group.id, queues: group.queues }
}

/** By this machine's clock, as a coordinator goes by its own. */
function freezeOf({ state, policy, now }: StatusView): FreezeStatus | null {
  const { rollout } = state
  if (rollout === undefined || policy === undefined || !abortablePhases.includes(rollout.phase)) return null
  const freeze = bindingFreeze(rollout, policy, now)
  if (freeze === undefined) return null
  return { until: freeze.untilMs === undefined ? null : new Date(freeze.untilMs).toISOString(), why: freeze.text }
}

function workerStatus(report: ConsumerReport, alive: boolean): WorkerStatus {
  const { id, worker, version, state, link, linkReason, inFlight, stuck, counts } = report
  const failures = harmedIn(counts)
  return { id, worker, version, state, alive, link, linkReason: linkReason ?? null, inFlight, stuck, failures }
}
