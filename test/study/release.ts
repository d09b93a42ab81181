import { setTimeout as pause } from 'node:timers/promises'
import type { QueueStatus } from '../../src/status/queue-status.ts'
import { everythingHandled, handles } from '../integration/support/await-rollout.ts'
import type { Stage } from '../integration/support/stage.ts'
import type { WorkerOptions } from '../integration/support/worker-environment.ts'
import { lost } from '../support/ledger-check.ts'
import type { Running } from '../support/processes.ts'

export interface Release {
  readonly policy: object
  /** Messages a second, published by a client that is not ours. */
  readonly rate: number
  readonly stable: WorkerOptions
  readonly canary: WorkerOptions
  /** Whether somebody starts the canary's process again whenever it ends. */
  readonly revived?: boolean
  /** Happens once the canary has handled messages; the rollout goes on meanwhile. */
  readonly meanwhile?: (stage: Stage) => Promise<void>
}

/** What a rollout was seen to do. */
export interface Observed {
  /** Of `start --watch`. */
  readonly exit: number | null
  readonly last: QueueStatus
  /** Each status that `start --watch --json` printed. */
  readonly statuses: readonly QueueStatus[]
  /** Confirmed messages that no handler finished with success. */
  readonly lost: number
  /** Messages in the dead-letter queue. */
  readonly dead: number
}

/** A stable version that has only just begun is hardly known, and how well it is known decides how much proof a promotion takes. */
export const warmUpMs = 5_000

/** One rollout from v1 to v2 through the whole product: worker processes, a real broker, the command line. */
export async function observe(stage: Stage, release: Release): Promise<Observed> {
  // The first version to register is in charge.
  await stage.worker('v1', release.stable)
  await stage.worker('v2', release.canary)
  const over = new AbortController()
  const revival = release.revived === true ? revive(stage, release.canary, over.signal) : undefined
  const stream = stage.publisher.stream(release.rate)
  await handles(stage, 'v1', (release.rate * warmUpMs) / 1_000)
  const rollout = stage.start('v2', release.policy, '--json', '--timeout', '15m')
  const side = release.meanwhile?.(stage)
  const { code } = await rollout.exited(16 * 60_000)
  over.abort()
  if (!rollout.stdout.startsWith('{')) throw new Error(`start ended with ${code}: ${rollout.stderr}`)
  await Promise.all([stream.stop(), side, revival])
  await everythingHandled(stage, 90_000).catch(() => undefined)
  const statuses = statusesOf(rollout)
  return {
    exit: code,
    last: await stage.status(),
    statuses,
    lost: lost(stage.publisher.confirmed, stage.ledger()).length,
    dead: (await stage.queues.depths()).dead,
  }
}

function statusesOf({ stdout }: Running): readonly QueueStatus[] {
  return stdout
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line))
}

/** Containers that end are started again. */
async function revive(stage: Stage, options: WorkerOptions, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    const last = stage.processes.all.findLast(({ name }) => name === 'v2')
    if (last?.exit !== undefined && last.exit.code !== 0) stage.launchWorker('v2', options)
    await pause(100)
  }
}
