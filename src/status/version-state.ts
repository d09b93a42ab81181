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
  if (Object.hasOwn(state.tombstones, version)) return 'Retired'
  if (version === state.stable) return 'Current'
  const { rollout } = state
  const onTrial = rollout?.canary === version && !isTerminal(rollout.phase) && rollout.phase !== 'Initialized'
  return onTrial ? 'Ramping' : 'Inactive'
}

function isLeaving({ rollout }: QueueState, version: string): boolean {
  if (rollout?.phase === 'Draining') return version === rollout.stable
  return rollout?.phase === 'RollingBack' && version === rollout.canary
}
