import { expect } from 'vitest'
import { ledgerNow } from '../../support/ledger.ts'
import { duplicates, lost, of } from '../../support/ledger-check.ts'
import type { Running } from '../../support/processes.ts'
import { everythingHandled, handles } from './await-rollout.ts'
import type { Stage } from './stage.ts'

export interface GoodRelease {
  readonly policy: object | string
  readonly perSecond: number
  readonly most: number
}

/**
 * Releases v2 beside two workers of v1 while messages come. Ends when the old workers have retired by themselves and every message was handled,
 * once. Resolves to the worker of v2.
 */
export async function releaseGood(stage: Stage, { policy, perSecond, most }: GoodRelease): Promise<Running> {
  const handler = { delayMs: 2 }
  const old = [await stage.worker('v1', { name: 'v1-a', handler }), await stage.worker('v1', { name: 'v1-b', handler })]
  const fresh = await stage.worker('v2', { handler })
  const stream = stage.publisher.stream(perSecond, { most })

  const rollout = stage.start('v2', policy, '--timeout', '90s')
  await rollout.exitsWith(0, 100_000)
  for (const worker of old) await worker.exitsWith(0)
  await stream.finished
  await everythingHandled(stage)
  expect(stage.publisher.confirmed.size).toBe(most)
  expectAllOnce(stage)
  return fresh
}

export interface Ended {
  readonly worker: Running
  /** When it was told, on the clock of the ledger. */
  readonly told: number
}

/** Tells a worker to end that is busy with ten of a hundred messages: it ends in time, with what it began. The rest is there for another one. */
export async function endBusy(stage: Stage, withinMs: number): Promise<Ended> {
  const worker = await stage.worker('v1', { name: 'v1-a', handler: { delayMs: 500 } })
  await stage.publisher.backlog(100)
  await handles(stage, 'v1', 10)
  worker.signal('SIGTERM')
  const told = ledgerNow()
  await worker.exitsWith(0, 20_000)
  expect(ledgerNow() - told).toBeLessThan(withinMs)
  const before = stage.ledger()
  expect(of(before, 'done').length).toBe(of(before, 'start').length)

  await stage.worker('v1', { name: 'v1-b' })
  await everythingHandled(stage)
  expectAllOnce(stage)
  return { worker, told }
}

function expectAllOnce(stage: Stage): void {
  const events = stage.ledger()
  expect(lost(stage.publisher.confirmed, events)).toEqual([])
  expect(duplicates(events)).toEqual([])
}
