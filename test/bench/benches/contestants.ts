import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { ConsumerName } from '../consumers/consumer.ts'
import type { Lab } from '../lab/bench.ts'
import type { Contestant } from '../lab/contest.ts'
import type { ConsumerSpec } from '../lab/protocol.ts'
import { canaryVersion, openReleaseIn, stableVersion } from '../lab/release.ts'

export interface Settings {
  readonly prefetch: number
  readonly concurrency: number
  readonly handlerMs: number
}

const peers: readonly ConsumerName[] = ['rascal', 'amqp-connection-manager', 'rabbitmq-client']
const canaryWeight = 5

/** The bare loop first: it is the unit. `ours`: the settings of this framework, where they differ from the peers'. */
export function contestants(lab: Lab, settings: Settings, ours: Settings = settings): readonly Contestant[] {
  const { match } = lab.options
  const all = [
    other(lab, 'amqplib', 'bare amqplib, one ack a message', settings),
    other(lab, 'amqplib-runs', 'amqplib, acks in runs', settings),
    ...peers.map((peer) => other(lab, peer, peer, settings)),
    alone(lab, ours),
    beside(lab, ours),
    solo(lab, ours),
  ]
  return all.filter(({ label }, index) => index === 0 || match === undefined || label.includes(match))
}

function other(lab: Lab, consumer: ConsumerName, label: string, settings: Settings): Contestant {
  return { label, crew: (queue) => [{ ...settings, consumer, queue, url: lab.url, waits: false, release: undefined }] }
}

function alone(lab: Lab, settings: Settings): Contestant {
  return {
    label: 'queue-canary, no rollout',
    crew: (queue) => [own(lab, { ...settings, queue, version: stableVersion, database: undefined })],
  }
}

function beside(lab: Lab, settings: Settings): Contestant {
  return {
    label: `queue-canary, canary process at ${canaryWeight} %`,
    crew: (queue) => {
      const database = newDatabase()
      return [stableVersion, canaryVersion].map((version) => own(lab, { ...settings, queue, version, database }))
    },
    prepare: async ([stable]) => {
      if (stable?.release?.database === undefined) throw new Error('a release needs a shared store')
      const release = { weight: canaryWeight, maxInFlight: settings.concurrency }
      await openReleaseIn(stable.release.database, stable.queue, release)
    },
  }
}

function solo(lab: Lab, settings: Settings): Contestant {
  const release = { version: stableVersion, database: undefined, soloWeight: canaryWeight }
  return {
    label: `queue-canary, canary in process at ${canaryWeight} %`,
    crew: (queue) => [{ ...settings, consumer: 'queue-canary', queue, url: lab.url, waits: false, release }],
  }
}

interface Own extends Settings {
  readonly queue: string
  readonly version: string
  readonly database: string | undefined
}

function own(lab: Lab, { version, database, ...settings }: Own): ConsumerSpec {
  const release = { version, database, soloWeight: undefined }
  return { ...settings, consumer: 'queue-canary', url: lab.url, waits: false, release }
}

export function newDatabase(): string {
  return join(mkdtempSync(join(tmpdir(), 'queue-canary-bench-')), 'store.db')
}
