import { sqliteStore } from '../../../adapters/stores/sqlite/index.ts'
import { beginRollout } from '../../../src/cli/begin-rollout.ts'
import { createQueueView } from '../../../src/cli/queue-view.ts'
import type { Store } from '../../../src/index.ts'
import { readPolicyText } from '../../../src/policy-file.ts'
import { systemClock } from '../../../src/worker/system-clock.ts'
import { eventually } from '../../support/eventually.ts'

export const stableVersion = 'v1'
export const canaryVersion = 'v2'

export interface Release {
  /** Percent. */
  readonly weight: number
  readonly maxInFlight: number
}

/** Opens a rollout of the canary version and resolves once the canary has its allocation: what follows is the steady state of one step. */
export async function openRelease(store: Store, queue: string, release: Release): Promise<void> {
  const clock = systemClock()
  const view = createQueueView(store, { namespace: 'default', queue }, clock)
  await eventually(async () => (await view.records.readState()) !== undefined, { what: 'a worker to register' })
  const loaded = readPolicyText(policyText(release))
  if (!loaded.ok) throw new Error(loaded.problems.join('; '))
  const { policy } = loaded
  await beginRollout(view, clock, () => ({ canary: canaryVersion, policy, force: false }))
  await eventually(async () => isRamping(await view.records.readState()), { what: 'the canary to get its allocation' })
}

/** The same over the file of a SQLite store, which other processes share. */
export async function openReleaseIn(database: string, queue: string, release: Release): Promise<void> {
  const store = sqliteStore({ path: database })
  try {
    await openRelease(store, queue, release)
  } finally {
    await store.close()
  }
}

function isRamping(found: { readonly state: { readonly allocations: { readonly consumers: object } } } | undefined) {
  return found !== undefined && Object.keys(found.state.allocations.consumers).length > 0
}

/** One step that outlasts every benchmark, and nothing that judges: what is measured is the taking. */
function policyText({ weight, maxInFlight }: Release): string {
  return JSON.stringify({
    steps: [{ weight: `${weight}%`, duration: '12h' }],
    analysis: { metrics: [] },
    limits: { maxInFlight, maxFailedMessages: 1_000_000 },
    progressDeadline: '3d',
  })
}
