import type { Metric, Policy, Provider } from './policy.ts'

/**
 * What a valid policy asks for that this release cannot do, one sentence each; empty when it can be started. `oldestAge` says whether the
 * queue's broker tells the age of its oldest message.
 */
export function unsupported(policy: Policy, broker: { readonly oldestAge: boolean }): readonly string[] {
  return [
    ...(policy.strategy === 'rolling' ? ['strategy: rolling is not in this release; use canary or blueGreen'] : []),
    ...policy.analysis.metrics.flatMap((metric, index) => {
      const why = objection(metric, broker)
      return why === undefined ? [] : [`analysis.metrics[${index}] (${metric.name}): ${why}`]
    }),
    ...(policy.webhooks.length === 0 ? [] : ['webhooks: they are not in this release']),
    ...(policy.aliases.length === 0 ? [] : ['aliases: they are not in this release']),
  ]
}

function objection(metric: Metric, broker: { readonly oldestAge: boolean }): string | undefined {
  if (metric.kind === 'external') return objectionTo(metric.provider)
  if (metric.kind !== 'failure-ceiling') return undefined
  if (metric.measure !== 'oldestAge' || broker.oldestAge) return undefined
  return 'the broker of this queue does not tell the age of its oldest message'
}

function objectionTo({ kind }: Provider): string | undefined {
  if (kind === 'prometheus' || kind === 'http') return undefined
  return `the provider ${kind} is not in this release; use prometheus or http`
}
