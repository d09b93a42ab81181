import type { PrometheusPlace } from './prometheus-start.ts'

const image = 'prom/prometheus:latest'

/** Starts a container on the network of the host, where the workers of the tests are. Resolves to what stops it. */
export async function startDockerPrometheus({ port, config }: PrometheusPlace): Promise<() => Promise<void>> {
  // the test stops what it starts: the reaper would need one more image
  process.env['TESTCONTAINERS_RYUK_DISABLED'] ??= 'true'
  const { GenericContainer, Wait } = await import('testcontainers')
  const file = '/etc/prometheus/prometheus.yml'
  const container = await new GenericContainer(image)
    .withNetworkMode('host')
    .withCopyContentToContainer([{ content: config, target: file }])
    .withCommand([`--config.file=${file}`, '--storage.tsdb.path=/prometheus', `--web.listen-address=127.0.0.1:${port}`])
    .withWaitStrategy(Wait.forLogMessage(/ready to receive web requests/))
    .withStartupTimeout(60_000)
    .start()
  return async () => void (await container.stop())
}
