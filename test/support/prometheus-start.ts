import { freePorts } from './free-ports.ts'
import { startDebianPrometheus } from './prometheus-debian.ts'
import { startDockerPrometheus } from './prometheus-docker.ts'
import { eventually } from './eventually.ts'
import { firstServer, forcedKind } from './server-kinds.ts'
import type { ServerKind } from './server-kinds.ts'

/** A running Prometheus server that scrapes one target every second. */
export interface StartedPrometheus {
  readonly kind: ServerKind
  readonly url: string
  /** `host:port` of what it scrapes: where a worker has to listen. */
  readonly target: string
  /** Stops what was started; nothing where the server was given. */
  readonly stop: () => Promise<void>
}

/** What a server of the tests' own is started with. */
export interface PrometheusPlace {
  readonly port: number
  readonly config: string
}

/**
 * The server for tests: `PROMETHEUS_URL` (which scrapes `PROMETHEUS_TARGET`, by default 127.0.0.1:9464, at least every 5 seconds), else a
 * container, else the binary of Debian's package. `QUEUE_CANARY_TEST_SERVER` (`docker`, `debian`) forces one. Rejects with the reason of each
 * that was tried.
 */
export async function startPrometheus(env: NodeJS.ProcessEnv): Promise<StartedPrometheus> {
  const { PROMETHEUS_URL: given, PROMETHEUS_TARGET: target = '127.0.0.1:9464' } = env
  if (given !== undefined) {
    await isReady(given)
    return { kind: 'url', url: given, target, stop: async () => {} }
  }
  const both = ['docker', 'debian'] as const
  const kinds = both.filter((kind) => kind === forcedKind(env))
  return firstServer({
    what: 'Prometheus',
    hint: 'Set PROMETHEUS_URL, start Docker, or use a Debian machine.',
    kinds: kinds.length > 0 ? kinds : both,
    start: (kind) => start(kind === 'docker' ? 'docker' : 'debian'),
  })
}

const starters = { docker: startDockerPrometheus, debian: startDebianPrometheus }

async function start(kind: 'docker' | 'debian'): Promise<StartedPrometheus> {
  const [port = 0, scraped = 0] = await freePorts(2)
  const target = `127.0.0.1:${scraped}`
  const stop = await starters[kind]({ port, config: configFor(target) })
  const url = `http://127.0.0.1:${port}`
  try {
    await isReady(url)
  } catch (error) {
    await stop()
    throw error
  }
  return { kind, url, target, stop }
}

function configFor(target: string): string {
  const global = { scrape_interval: '1s', scrape_timeout: '1s' }
  const job = { job_name: 'queue-canary', static_configs: [{ targets: [target] }] }
  return JSON.stringify({ global, scrape_configs: [job] })
}

async function isReady(url: string): Promise<void> {
  await eventually(async () => (await fetch(`${url}/-/ready`)).status === 200, {
    what: 'Prometheus is ready',
    deadlineMs: 30_000,
  })
}
