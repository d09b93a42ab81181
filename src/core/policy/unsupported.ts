import type { Metric, Policy, Provider } from './policy.ts'

/** What a valid policy asks for that this release cannot do, one sentence each; empty when it can be started. */
export function unsupported(policy: Policy): readonly string[] {
  return [
    ...(policy.strategy === 'rolling' ? ['strategy: rolling is not in this release; use canary or blueGreen'] : []),
    ...policy.analysis.metrics.flatMap((metric, index) => {
      const why = objection(metric)
      return why === undefined ? [] : [`analysis.metrics[${index}] (${metric.name}): ${why}`]
    }),
    ...(policy.webhooks.length === 0 ? [] : ['webhooks: they are not in this release']),
    ...(policy.aliases.length === 0 ? [] : ['aliases: they are not in this release']),
  ]
}

function objection(metric: Metric): string | undefined {
  if (metric.kind === 'external') return objectionTo(metric.provider)
  // Of the brokers that other processes can reach, none in this release tells it.
  const isUnknown = metric.kind === 'failure-ceiling' && metric.measure === 'oldestAge'
  return isUnknown ? 'neither RabbitMQ nor SQS tells the age of the oldest message' : undefined
}

function objectionTo({ kind }: Provider): string | undefined {
  if (kind === 'prometheus' || kind === 'http') return undefined
  return `the provider ${kind} is not in this release; use prometheus or http`
}
