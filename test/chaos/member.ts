import type { Stage } from '../integration/support/stage.ts'
import type { WorkerOptions } from '../integration/support/worker-environment.ts'
import type { Running } from '../support/processes.ts'
import type { Links } from './links.ts'

/** A container: its process may die and be started again, under the same name and on the same ways to the servers. */
export interface Member {
  readonly version: string
  readonly links: Links
  /** The newest one; undefined before the first. */
  readonly process: Running | undefined
  /** Of all that there were. */
  readonly pids: readonly number[]
  /** Starts a process where none runs, and resolves when it is ready or has ended again, as a retired one may. */
  run(): Promise<void>
}

export interface MemberOptions {
  readonly name: string
  readonly version: string
  readonly worker: WorkerOptions
}

export function join(stage: Stage, links: Links, { name, version, worker }: MemberOptions): Member {
  const env = { ...worker.env, QUEUE_CANARY_ORDERS_URL: links.brokerUrl, QUEUE_CANARY_STORE: links.storeUrl }
  const lives: Running[] = []
  return {
    version,
    links,
    get process() {
      return lives.at(-1)
    },
    get pids() {
      return lives.map(({ pid }) => pid)
    },
    async run() {
      if (lives.length > 0 && lives.at(-1)?.exit === undefined) return
      const life = stage.launchWorker(version, { ...worker, name, env })
      lives.push(life)
      await life.says(/is ready/, 60_000).catch((error: unknown) => {
        if (life.exit?.code !== 0) throw error
      })
    },
  }
}
