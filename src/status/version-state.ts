import type { ConsumerReport } from '../core/rollout/consumer-report.ts'
import type { QueueState, VersionState } from '../core/rollout/queue-state.ts'
import { isTerminal } from '../core/rollout/rollout.ts'

/** Where a version stands, from the queue's document and what its living consumers say. */
export function versionState(
  state: QueueState,
  version: string,
  living: readonly Pick<ConsumerReport, 'state'>[],
): VersionState {
  if (isLeaving(state, version)) return living.every((report) => report.state === 'drained') ? 'Drained' : 'Draining'
  if (Object.hasOwn(state.tombstones, version)) return version === state.standby?.version ? 'Drained' : 'Retired'
  if (version === state.stable) return 'Current'
  return isOnTrial(state, version) ? 'Ramping' : 'Inactive'
}

function isOnTrial({ rollout }: QueueState, version: string): boolean {
  return rollout?.canary === version && !isTerminal(rollout.phase) && rollout.phase !== 'Initialized'
}

function isLeaving({ rollout }: QueueState, version: string): boolean {
  if (rollout?.phase === 'Draining') return version === rollout.stable
  return rollout?.phase === 'RollingBack' && version === rollout.canary
}
