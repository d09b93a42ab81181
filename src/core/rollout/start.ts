import { idleAllocations } from '../allocation/lane.ts'
import { lookup } from '../lookup.ts'
import type { Freeze } from '../policy/freeze.ts'
import type { Order } from './order.ts'
import { runningRollout } from './queue-state.ts'
import type { QueueState } from './queue-state.ts'
import type { Rollout, RolloutGroup } from './rollout.ts'

export interface StartRequest {
  readonly id: string
  readonly canary: string
  readonly policyDigest: string
  readonly at: string
  /** Also a version that was rolled back before. */
  readonly force: boolean
  /** Of a rollout of several queues. */
  readonly group?: Omit<RolloutGroup, 'ready'> | undefined
  /** The freeze of the policy that holds now: then nothing starts. */
  readonly freeze?: Freeze | undefined
  /** Starts in a freeze too, and no freeze holds it later. @default false */
  readonly overFreeze?: boolean | undefined
  /** One sentence for the history. @default that it was started */
  readonly why?: string | undefined
}

export type Started = { readonly ok: true; readonly state: QueueState } | { readonly ok: false; readonly why: string }

/**
 * Opens a rollout, or says why not. The version's tombstone goes: starting it again is the explicit wish to let it take messages. The
 * sequence rises, because consumers of that version obey the document from now on.
 */
export function startRollout(state: QueueState, request: StartRequest): Started {
  const why = objection(state, request)
  if (why !== undefined) return { ok: false, why }
  const tombstones = Object.fromEntries(
    Object.entries(state.tombstones).filter(([version]) => version !== request.canary),
  )
  const { generation, epoch, stable } = state
  const order: Order = { generation, epoch, sequence: state.sequence + 1 }
  const rollout = openRollout({ stable, order }, request)
  return {
    ok: true,
    state: { ...state, ...order, standby: undefined, tombstones, rollout, commands: [], allocations: idleAllocations },
  }
}

function objection(state: QueueState, request: StartRequest): string | undefined {
  const { canary, force, freeze } = request
  const rollout = runningRollout(state)
  if (rollout !== undefined) {
    return `a rollout of ${rollout.canary} is under way (${rollout.phase}); wait for its end or abort it`
  }
  if (canary === state.stable) return `${canary} is in charge already`
  const buried = lookup(state.tombstones, canary)
  if (buried?.reason === 'rolledBack' && !force)
    return `${canary} was rolled back before (${buried.at}); use --force or retry to try it again`
  if (freeze !== undefined && request.overFreeze !== true)
    return `${freeze.text} holds: nothing starts before; use start --force for what cannot wait`
  return undefined
}

function openRollout({ stable, order }: Pick<Rollout, 'stable' | 'order'>, request: StartRequest): Rollout {
  const { id, canary, policyDigest, at } = request
  const why = request.why ?? `a rollout of ${canary} in place of ${stable} was started`
  return {
    id,
    canary,
    stable,
    policyDigest,
    group: request.group && { ...request.group, ready: 0 },
    order,
    phase: 'Initialized',
    hold: undefined,
    step: 0,
    elapsedMs: 0,
    stepElapsedMs: 0,
    phaseElapsedMs: 0,
    frozenMs: undefined,
    ignoresFreeze: request.freeze === undefined ? undefined : true,
    origin: undefined,
    stepOrigin: undefined,
    latest: undefined,
    recountMs: undefined,
    forgone: 0,
    harmed: 0,
    lost: 0,
    unaccounted: 0,
    poison: 0,
    explained: undefined,
    exhaustedMs: 0,
    ramp: undefined,
    comparison: undefined,
    errorsBefore: undefined,
    metrics: {},
    why,
    history: [{ at, elapsedMs: 0, phase: 'Initialized', step: 0, why, numbers: {} }],
    carriedOut: [],
  }
}
