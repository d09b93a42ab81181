import { nothingAssumed } from '../../core/policy/assumed.ts'
import { freezeAt } from '../../core/policy/freeze.ts'
import type { Policy } from '../../core/policy/policy.ts'
import { warningsOf } from '../../core/policy/warnings.ts'
import { QueueCanaryError } from '../../errors.ts'
import { beginGroup } from '../begin-group.ts'
import { beginRollout } from '../begin-rollout.ts'
import type { Attempt } from '../begin-rollout.ts'
import type { Clock } from '../../contracts/clock.ts'
import type { StartCommand } from '../command.ts'
import { writeLine } from '../io.ts'
import type { Io } from '../io.ts'
import { listed } from '../listed.ts'
import { createQueueView, readQueue } from '../queue-view.ts'
import type { QueueView } from '../queue-view.ts'
import type { Session } from '../session.ts'
import { afterStart } from '../after-start.ts'
import { usablePolicy } from '../usable-policy.ts'
import type { Begun } from '../watch-rollout.ts'

/** Begins a rollout by a policy file, on one queue or several. Nothing is written unless file, queues and version allow it. */
export async function startCommand(command: StartCommand, io: Io, session: Session): Promise<number> {
  const { queues, version, force } = command
  const policy = await policyOf(command, io)
  const { store, namespace, clock } = session
  const views = queues.map((queue) => createQueueView(store, { namespace, queue }, clock))
  for (const { records, place } of views) await readQueue(records, place)
  const freeze = freezeAt(policy.freeze, clock.wall())
  for (const { path, text } of warningsOf(policy, nothingAssumed)) writeLine(io.err, `warning: ${path}: ${text}`)
  const attempt = { canary: version, policy, force, freeze, overFreeze: force }
  return afterStart({ ...command, io, clock, begun: await begin(views, clock, attempt) })
}

async function begin(views: readonly QueueView[], clock: Clock, attempt: Attempt): Promise<readonly Begun[]> {
  const [view, ...others] = views
  if (view === undefined || others.length > 0) return beginGroup(views, clock, attempt)
  return [{ view, rollout: await beginRollout(view, clock, () => attempt) }]
}

async function policyOf({ policy: shown, queues }: StartCommand, { cwd }: Io): Promise<Policy> {
  const usable = await usablePolicy(shown, cwd)
  if (usable.ok && (queues.length === 1 || usable.policy.onFailure !== 'stepBack')) return usable.policy
  if (usable.ok)
    throw new QueueCanaryError(
      'POLICY_UNSUPPORTED',
      `the policy ${shown}: onFailure: stepBack is for one queue; several as one cannot step back together`,
    )
  const [code, what] =
    usable.kind === 'invalid'
      ? (['POLICY_INVALID', `the policy ${shown} cannot be used`] as const)
      : (['POLICY_UNSUPPORTED', `the policy ${shown} is valid, but this release cannot run it`] as const)
  throw new QueueCanaryError(code, listed(what, usable.problems))
}
