import { startDebianRabbitmq } from './rabbitmq-debian.ts'
import { startDockerRabbitmq } from './rabbitmq-docker.ts'
import type { RabbitmqHandle } from './rabbitmq-handle.ts'

export interface StartedRabbitmq {
  readonly handle: RabbitmqHandle
  /** Stops what was started; nothing where the server was given. */
  readonly stop: () => Promise<void>
}

const kinds = ['url', 'docker', 'debian'] as const
type Kind = (typeof kinds)[number]

/**
 * The server for tests: `AMQP_URL`, else a container, else a node from Debian's package. `QUEUE_CANARY_TEST_SERVER` (`url`, `docker`,
 * `debian`) forces one. Rejects with the reason of each that was tried.
 */
export async function startRabbitmq(env: NodeJS.ProcessEnv): Promise<StartedRabbitmq> {
  const failures: string[] = []
  for (const kind of candidates(env)) {
    try {
      return await start(kind, env)
    } catch (error) {
      failures.push(`${kind}: ${error instanceof Error ? error.message : String(error)}`)
    }
  }
  throw new Error(
    `No RabbitMQ for the tests. Set AMQP_URL, start Docker, or install rabbitmq-server.\n${failures.join('\n')}`,
  )
}

function candidates(env: NodeJS.ProcessEnv): readonly Kind[] {
  const forced = env['QUEUE_CANARY_TEST_SERVER']
  if (forced === undefined || forced === '') return env['AMQP_URL'] === undefined ? ['docker', 'debian'] : ['url']
  const kind = kinds.find((candidate) => candidate === forced)
  if (kind === undefined) throw new Error(`QUEUE_CANARY_TEST_SERVER: expected ${kinds.join(', ')}, found "${forced}"`)
  return [kind]
}

async function start(kind: Kind, env: NodeJS.ProcessEnv): Promise<StartedRabbitmq> {
  if (kind === 'docker') return startDockerRabbitmq()
  if (kind === 'debian') return startDebianRabbitmq()
  const url = env['AMQP_URL']
  if (url === undefined) throw new Error('AMQP_URL is not set')
  return { handle: { kind, url }, stop: async () => {} }
}
