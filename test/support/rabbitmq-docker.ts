import { freePorts } from './free-ports.ts'
import { awaitRabbitmq } from './rabbitmq-answers.ts'
import type { RabbitmqHandle } from './rabbitmq-handle.ts'

const image = 'rabbitmq:4-management'

/** Starts a container. Its port is fixed, so that it is the same after a restart. */
export async function startDockerRabbitmq(): Promise<{ handle: RabbitmqHandle; stop: () => Promise<void> }> {
  // the set-up stops what it starts: the reaper would need one more image
  process.env['TESTCONTAINERS_RYUK_DISABLED'] ??= 'true'
  const { GenericContainer, Wait } = await import('testcontainers')
  const [port = 0] = await freePorts(1)
  const container = await new GenericContainer(image)
    .withExposedPorts({ container: 5672, host: port })
    .withWaitStrategy(Wait.forListeningPorts())
    .withStartupTimeout(120_000)
    .start()
  const stop = async (): Promise<void> => void (await container.stop())
  const url = `amqp://guest:guest@${container.getHost()}:${port}`
  try {
    await awaitRabbitmq(url)
  } catch (error) {
    await stop()
    throw error
  }
  return { handle: { kind: 'docker', url, container: container.getId() }, stop }
}
