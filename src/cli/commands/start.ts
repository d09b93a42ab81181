import { resolve } from 'node:path'
import { unsupported } from '../../core/policy/unsupported.ts'
import type { Policy } from '../../core/policy/policy.ts'
import { QueueCanaryError } from '../../errors.ts'
import { loadPolicyFile, policyDigest } from '../../policy-file.ts'
import { beginRollout } from '../begin-rollout.ts'
import type { StartCommand } from '../command.ts'
import type { Io } from '../io.ts'
import { listed } from '../listed.ts'
import { createQueueView, readQueue } from '../queue-view.ts'
import type { Session } from '../session.ts'
import { afterStart } from '../after-start.ts'

/** Begins a rollout by a policy file. Nothing is written unless file, queue and version allow it. */
export async function startCommand(command: StartCommand, io: Io, session: Session): Promise<number> {
  const { queue, version, force } = command
  const policy = await usablePolicy(resolve(io.cwd, command.policy), command.policy)
  const { store, namespace, clock } = session
  const view = createQueueView(store, { namespace, queue }, clock)
  await readQueue(view.records, view.place)
  const digest = policyDigest(policy)
  await view.records.writePolicy(digest, policy)
  const rollout = await beginRollout(view, clock, () => ({ canary: version, policyDigest: digest, force }))
  return afterStart({ ...command, io, clock, view, rollout })
}

async function usablePolicy(path: string, shown: string): Promise<Policy> {
  const loaded = await loadPolicyFile(path)
  if (!loaded.ok)
    throw new QueueCanaryError('POLICY_INVALID', listed(`the policy ${shown} cannot be used`, loaded.problems))
  // Of the brokers that other processes can reach, none in this release tells the age of its oldest message.
  const missing = unsupported(loaded.policy, { oldestAge: false })
  if (missing.length === 0) return loaded.policy
  throw new QueueCanaryError(
    'POLICY_UNSUPPORTED',
    listed(`the policy ${shown} is valid, but this release cannot run it`, missing),
  )
}
