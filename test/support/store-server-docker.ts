import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { pauseContainer } from './pause-container.ts'
import type { ContainerPlan, ServerBody } from './store-server.ts'

const run = promisify(execFile)

/** Starts a container. Its port is fixed, so that it is the same after a restart. */
export async function startDockerServer(plan: ContainerPlan, port: number): Promise<ServerBody> {
  // the tests stop what they start: the reaper would need one more image
  process.env['TESTCONTAINERS_RYUK_DISABLED'] ??= 'true'
  const { GenericContainer, Wait } = await import('testcontainers')
  const prepared = new GenericContainer(plan.image)
    .withEnvironment(plan.environment ?? {})
    .withCopyContentToContainer([...(plan.files ?? [])])
    .withCommand([...plan.command(port)])
    .withStartupTimeout(60_000)
  const placed =
    plan.port === undefined
      ? prepared.withNetworkMode('host').withWaitStrategy(Wait.forLogMessage(/ready/i))
      : prepared.withExposedPorts({ container: plan.port, host: port }).withWaitStrategy(Wait.forListeningPorts())
  const container = await placed.start()
  const docker = async (command: string): Promise<void> =>
    void (await run('docker', [command, container.getId()], { timeout: 30_000 }))
  return {
    kill: () => docker('kill'),
    terminate: () => docker('stop'),
    start: () => docker('start'),
    pause: () => pauseContainer(container.getId()),
    resume: () => docker('unpause'),
    stop: async () => void (await container.stop({ timeout: 0 })),
  }
}
