import type { ConsumerSpec } from '../lab/protocol.ts'
import type { ConsumerName, Handle, RunningConsumer, StartConsumer } from './consumer.ts'

/** A process loads the library that it measures and no other. */
const load: Readonly<Record<ConsumerName, () => Promise<StartConsumer>>> = {
  amqplib: async () => (await import('./amqplib.ts')).startAmqplib,
  'amqplib-runs': async () => (await import('./amqplib-runs.ts')).startAmqplibRuns,
  rascal: async () => (await import('./rascal.ts')).startRascal,
  'amqp-connection-manager': async () => (await import('./amqp-connection-manager.ts')).startConnectionManager,
  'rabbitmq-client': async () => (await import('./rabbitmq-client.ts')).startRabbitmqClient,
  'sqs-loop': async () => (await import('./sqs-loop.ts')).startSqsLoop,
  'sqs-consumer': async () => (await import('./sqs-consumer.ts')).startSqsConsumer,
  'queue-canary-sqs': async () => (await import('./queue-canary-sqs.ts')).startQueueCanarySqs,
  'queue-canary': async () => (await import('./queue-canary.ts')).startQueueCanary,
}

export async function startConsumer(spec: ConsumerSpec, handle: Handle): Promise<RunningConsumer> {
  const start = await load[spec.consumer]()
  return start(spec, handle)
}
