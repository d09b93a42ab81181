import type { Policy } from '../core/policy/policy.ts'
import { QueueCanaryError } from '../errors.ts'
import { queuePrefix } from './environment-names.ts'
import type { QueueEnvironment } from './environment-queue.ts'
import type { Environment } from './environment.ts'
import { listed } from './listed.ts'
import { usablePolicy } from './usable-policy.ts'

/** The policies of automatic rollouts by queue; none where they are off. Rejects with `ENVIRONMENT_INVALID` and every problem of every file. */
export async function automaticPolicies(
  { auto, queues }: Pick<Environment, 'auto' | 'queues'>,
  cwd: string,
): Promise<ReadonlyMap<string, Policy>> {
  const read = await Promise.all(queues.map((queue) => readPolicyOf(queue, cwd)))
  const problems = read.flatMap((each) => each.problems)
  if (problems.length > 0)
    throw new QueueCanaryError(
      'ENVIRONMENT_INVALID',
      listed('the policies of automatic rollouts cannot be used', problems),
    )
  const policies = read.flatMap(({ name, policy }) => (policy === undefined ? [] : [[name, policy] as const]))
  return new Map(auto ? policies : [])
}

/** A file that is named is checked, also where nothing starts by itself. */
export async function readPolicyOf({ name, policy: path }: QueueEnvironment, cwd: string): Promise<PolicyOfQueue> {
  if (path === undefined) return { name, policy: undefined, problems: [] }
  const usable = await usablePolicy(path, cwd)
  if (usable.ok) return { name, policy: usable.policy, problems: [] }
  const problems = usable.problems.map((problem) => `${queuePrefix(name)}POLICY (${path}): ${problem}`)
  return { name, policy: undefined, problems }
}

interface PolicyOfQueue {
  readonly name: string
  /** undefined where the queue has none, or none that can be used. */
  readonly policy: Policy | undefined
  readonly problems: readonly string[]
}
