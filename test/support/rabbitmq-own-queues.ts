import { retryQueueName } from '../../adapters/brokers/rabbitmq/retry-queue-names.ts'

/** Everything that the adapter may declare for a queue. */
export function ownQueuesOf(queue: string): readonly string[] {
  const handBack = `${queue}.queue-canary.hand-back`
  const delays = Array.from({ length: 10 }, (_, exponent) => 2 ** exponent)
  return [handBack, ...[queue, handBack].flatMap((name) => delays.map((seconds) => retryQueueName(name, seconds)))]
}
