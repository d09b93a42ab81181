import { startDebianRabbitmq } from './rabbitmq-debian.ts'
import { startDockerRabbitmq } from './rabbitmq-docker.ts'
import type { RabbitmqHandle } from './rabbitmq-handle.ts'
import { firstServer, forcedKind } from './server-kinds.ts'
import type { ServerKind } from './server-kinds.ts'

export interface StartedRabbitmq {
  readonly handle: RabbitmqHandle
  /** Stops what was started; nothing where the server was given. */
  readonly stop: () => Promise<void>
}

/**
 * The server for tests: `AMQP_URL`, else a container, else a node from Debian's package. `QUEUE_CANARY_TEST_SERVER` (`url`, `docker`,
 * `debian`) forces one. Rejects with the reason of each that was tried.
 */
export async function startRabbitmq(env: NodeJS.ProcessEnv): Promise<StartedRabbitmq> {
  const forced = forcedKind(env)
  const found = env['AMQP_URL'] === undefined ? (['docker', 'debian'] as const) : (['url'] as const)
  return firstServer({
    what: 'RabbitMQ',
    hint: 'Set AMQP_URL, start Docker, or install rabbitmq-server.',
    kinds: forced === undefined ? found : [forced],
    start: (kind) => start(kind, env),
  })
}

async function start(kind: ServerKind, env: NodeJS.ProcessEnv): Promise<StartedRabbitmq> {
  if (kind === 'docker') return startDockerRabbitmq()
  if (kind === 'debian') return startDebianRabbitmq()
  const url = env['AMQP_URL']
  if (url === undefined) throw new Error('AMQP_URL is not set')
  return { handle: { kind, url }, stop: async () => {} }
}
