import { createQueueState } from '../../../src/core/rollout/queue-state.ts'
import { startRollout } from '../../../src/core/rollout/start.ts'
import type { QueueRecords } from '../../../src/records/queue-records.ts'
import { samplePolicy } from '../micro/policy.ts'

/** A queue with v1 in charge and a rollout of v2 that has just been started. */
export async function openRollout(records: QueueRecords): Promise<void> {
  const { policy, digest } = samplePolicy()
  await records.writePolicy(digest, policy)
  const request = { id: 'r1', canary: 'v2', policyDigest: digest, at: new Date(0).toISOString(), force: false }
  const started = startRollout(createQueueState('g1', 'v1'), request)
  if (!started.ok) throw new Error(started.why)
  await records.writeState(started.state, undefined)
}
