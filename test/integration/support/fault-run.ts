import { join } from 'node:path'
import { expect } from 'vitest'
import { sqliteStore } from '../../../adapters/stores/sqlite/index.ts'
import type { QueueStatus } from '../../../src/status/queue-status.ts'
import { ledgerNow } from '../../support/ledger.ts'
import { duplicates, lost, unexplained } from '../../support/ledger-check.ts'
import type { Running } from '../../support/processes.ts'
import { everythingHandled, handles } from './await-rollout.ts'
import { ackMs } from './fault-times.ts'
import type { Stage } from './stage.ts'
import { isHolder, watchState } from './state-watch.ts'

export interface Cast {
  readonly stage: Stage
  readonly coordinator: Running
  /** A stable worker that does not coordinate. */
  readonly stable: Running
  readonly canary: Running
  /** What the handlers of the cast do. */
  readonly handler: { readonly delayMs: number }
}

export interface FaultCase {
  readonly name: string
  /** Does harm, and resolves when it is over: the processes whose deliveries it made void (undefined: all). */
  inflict(cast: Cast): Promise<readonly number[] | undefined>
}

export interface FaultResult {
  readonly exit: number | null
  readonly status: QueueStatus
  readonly repeated: number
  readonly holders: readonly string[]
  readonly tookMs: number
}

/** How a rollout may end, and what `start --watch` says then. */
export const ends = [
  { exit: 0, phase: 'Succeeded' },
  { exit: 3, phase: 'RolledBack' },
]

export function faultReport({ name }: FaultCase, { exit, status, repeated, holders, tookMs }: FaultResult): string {
  const { phase, harmed } = status
  return `${name}: exit ${exit}, ${phase}, harmed ${harmed}, repeated ${repeated}, coordinators ${holders.length}, over ${Math.round(tookMs)} ms`
}

const policy = {
  steps: [
    { weight: '20%', duration: '5s' },
    { weight: '50%', duration: '2s' },
  ],
  limits: { maxFailedMessages: 60 },
  progressDeadline: '1m',
  promotion: { workers: 1, duration: '1s' },
}

/** A rollout with a fault in the middle of its first step: it must end, with nothing lost, and repeat only what the fault voided. */
export async function rolloutUnder(fault: FaultCase, stage: Stage): Promise<FaultResult> {
  const handler = { delayMs: 20 }
  const workers = [
    await stage.worker('v1', { name: 'v1-a', handler }),
    await stage.worker('v1', { name: 'v1-b', handler }),
  ]
  const canary = await stage.worker('v2', { handler })
  const stream = stage.publisher.stream(400)
  const began = ledgerNow()
  const rollout = stage.start('v2', policy, '--timeout', '90s')
  const watch = watchState(sqliteStore({ path: join(stage.dir, 'state.db') }))
  await handles(stage, 'v2', 50)

  const coordinator = await coordinatorOf(stage, workers)
  const stable = workers.find((worker) => worker !== coordinator) ?? coordinator
  const from = ledgerNow() - ackMs
  const pids = await fault.inflict({ stage, coordinator, stable, canary, handler })
  const to = ledgerNow()

  const { code } = await rollout.exited(100_000)
  await stream.stop()
  await everythingHandled(stage, 90_000)
  await watch.stop()

  const events = stage.ledger()
  expect({
    lost: lost(stage.publisher.confirmed, events),
    repeatedWithoutReason: unexplained(events, { from, to, pids }),
    disorder: watch.faults,
  }).toEqual({ lost: [], repeatedWithoutReason: [], disorder: [] })
  return {
    exit: code,
    status: await stage.status(),
    repeated: duplicates(events).length,
    holders: watch.holders,
    tookMs: to - began,
  }
}

async function coordinatorOf(stage: Stage, workers: readonly Running[]): Promise<Running> {
  const { coordinator } = await stage.status()
  const found = workers.find(({ pid }) => isHolder(pid, coordinator))
  if (found === undefined) throw new Error(`the coordinator is none of the stable workers: ${coordinator}`)
  return found
}
