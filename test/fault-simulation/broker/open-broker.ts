import { streamOf } from '../scenario/draw.ts'
import type { Scenario } from '../scenario/scenario.ts'
import type { Timeline } from '../time/timeline.ts'
import type { BrokerClient, BrokerModel, BrokerWitness, ClientPlace } from './broker-model.ts'
import { profiles } from './profiles.ts'
import { RabbitClient } from './rabbit-client.ts'
import { RabbitServer } from './rabbit-server.ts'
import { SqsClient } from './sqs-client.ts'
import { SqsServer } from './sqs-server.ts'

export interface OpenBroker {
  readonly model: BrokerModel
  readonly connect: (place: ClientPlace) => BrokerClient
}

/** The broker of a scenario's profile. */
export function openBroker({ profile: name, seed }: Scenario, timeline: Timeline, witness: BrokerWitness): OpenBroker {
  const profile = profiles[name]
  if (profile.kind === 'rabbitmq') {
    const server = new RabbitServer(profile, timeline, witness)
    return { model: server, connect: (place) => new RabbitClient(server, place) }
  }
  const { deliveryLimit: maxReceiveCount, isFifo } = profile
  const server = new SqsServer({ isFifo, timeline, random: streamOf(seed, 'sqs'), witness, maxReceiveCount })
  return { model: server, connect: (place) => new SqsClient(server, place) }
}
