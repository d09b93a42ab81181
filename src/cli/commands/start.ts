import { freezeAt } from '../../core/policy/freeze.ts'
import type { Policy } from '../../core/policy/policy.ts'
import { QueueCanaryError } from '../../errors.ts'
import { policyDigest } from '../../policy-digest.ts'
import { beginRollout } from '../begin-rollout.ts'
import type { StartCommand } from '../command.ts'
import type { Io } from '../io.ts'
import { listed } from '../listed.ts'
import { createQueueView, readQueue } from '../queue-view.ts'
import type { Session } from '../session.ts'
import { afterStart } from '../after-start.ts'
import { usablePolicy } from '../usable-policy.ts'

/** Begins a rollout by a policy file. Nothing is written unless file, queue and version allow it. */
export async function startCommand(command: StartCommand, io: Io, session: Session): Promise<number> {
  const { queue, version, force } = command
  const policy = await policyOf(command, io)
  const { store, namespace, clock } = session
  const view = createQueueView(store, { namespace, queue }, clock)
  await readQueue(view.records, view.place)
  const digest = policyDigest(policy)
  await view.records.writePolicy(digest, policy)
  const rollout = await beginRollout(view, clock, () => ({
    canary: version,
    policyDigest: digest,
    force,
    freeze: freezeAt(policy.freeze, clock.wall()),
    overFreeze: force,
  }))
  return afterStart({ ...command, io, clock, view, rollout })
}

async function policyOf({ policy: shown }: StartCommand, { cwd }: Io): Promise<Policy> {
  const usable = await usablePolicy(shown, cwd)
  if (usable.ok) return usable.policy
  const [code, what] =
    usable.kind === 'invalid'
      ? (['POLICY_INVALID', `the policy ${shown} cannot be used`] as const)
      : (['POLICY_UNSUPPORTED', `the policy ${shown} is valid, but this release cannot run it`] as const)
  throw new QueueCanaryError(code, listed(what, usable.problems))
}
