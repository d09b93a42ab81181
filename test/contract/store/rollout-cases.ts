import { describe, expect, it } from 'vitest'
import { eventually, remains } from '../../support/eventually.ts'
import { useTeardown } from '../../support/teardown.ts'
import type { Teardown } from '../../support/teardown.ts'
import { fleet, quickPolicy } from '../../worker/support/fleet.ts'
import type { Fleet } from '../../worker/support/fleet.ts'
import type { StoreTarget } from './store-case.ts'

/** Long enough that the store fails in the middle of the first step, which ends by itself afterwards. */
const policy = {
  ...quickPolicy,
  steps: [
    { weight: '30%', concurrency: 2, duration: '2s', minSamples: 20 },
    { weight: '50%', duration: '1s', minSamples: 20 },
  ],
  progressDeadline: '2m',
}

/** An allocation is this old at most before a canary stops by itself. */
const allocationLifeMs = 5_000
const patience = { timeout: 120_000 }

/** Registers rollouts of three stable and two canary workers whose store fails while a step runs. */
export function rolloutContract(target: StoreTarget): void {
  describe(`rollouts on ${target.name}`, () => {
    const teardown = useTeardown()

    it('paused: the canary takes nothing, stable goes on, the rollout ends in success', patience, async (context) => {
      const { all, control } = await ramping(target, teardown)
      if (control === undefined) return context.skip('the server was given: it is not broken')
      await control.pause()
      try {
        await stopsWithin(all, allocationLifeMs + 3_000, allocationLifeMs)
      } finally {
        await control.resume()
      }
      expect(await endOf(all)).toEqual(success)
    })

    it('crashed and started again: the same', patience, async (context) => {
      const { all, control } = await ramping(target, teardown)
      if (control === undefined) return context.skip('the server was given: it is not broken')
      await control.kill()
      try {
        await stopsWithin(all, allocationLifeMs + 3_000, allocationLifeMs)
      } finally {
        await control.start()
      }
      expect(await endOf(all)).toEqual(success)
    })

    it('emptied: the canary takes nothing, what was retired stays so, and people are told', patience, async () => {
      const { all, documents } = await ramping(target, teardown)
      const { generation, tombstones } = await all.state()
      expect(Object.keys(tombstones)).toEqual(['v0'])
      await documents.empty()
      await eventually(async () => (await all.state()).generation !== generation, { what: 'a new generation' })
      expect(await all.state()).toMatchObject({ stable: 'v1', rollout: undefined, tombstones })
      await stopsWithin(all, allocationLifeMs)
      expect(all.log.text).toContain('the store was emptied or replaced')
      await all.start('v2', policy)
      expect(await endOf(all)).toEqual(success)
    })
  })
}

/** v1 in charge after v0, v2 on trial, both taking messages. */
async function ramping(target: StoreTarget, teardown: Teardown) {
  const documents = teardown.add(await target.open(), (opened) => opened.dispose())
  const all = fleet(teardown, { connect: () => teardown.add(documents.connect(), (store) => store.close()) })
  await all.worker('v0').start()
  await Promise.all([all.worker('v1'), all.worker('v1'), all.worker('v1')].map((worker) => worker.start()))
  all.traffic(3)
  await all.start('v1', quickPolicy)
  await all.phase('Succeeded')
  await Promise.all([all.worker('v2').start(), all.worker('v2').start()])
  await all.start('v2', policy)
  await takes(all, 'v2')
  return { all, documents, control: documents.server?.control }
}

async function takes({ handled }: Fleet, version: string): Promise<void> {
  const before = handled.get(version)?.length ?? 0
  await eventually(() => (handled.get(version)?.length ?? 0) > before + 5, { what: `${version} to take` })
}

/** The canary stops within the time, and stable goes on all the while. That it pauses before `notBeforeMs` says nothing. */
async function stopsWithin(all: Fleet, deadlineMs: number, notBeforeMs = 0): Promise<void> {
  const { handled } = all
  const from = performance.now() + notBeforeMs
  const isStill = async (): Promise<void> => {
    const before = handled.get('v2')?.length
    await remains(() => handled.get('v2')?.length === before, { what: 'v2 takes nothing', forMs: 400 })
  }
  await eventually(() => performance.now() >= from, { what: 'the allocation is old' })
  await eventually(isStill, { what: 'v2 to stop', deadlineMs: deadlineMs - notBeforeMs })
  await takes(all, 'v1')
  await isStill()
}

/** Who is in charge at the end, who was retired, and messages that were handled more than once. */
async function endOf(all: Fleet): Promise<unknown> {
  await all.phase('Succeeded', 60_000)
  const { stable, tombstones } = await all.state()
  const ids = [...all.handled.values()].flat()
  return { stable, retired: Object.keys(tombstones), twice: ids.length - new Set(ids).size }
}

const success = { stable: 'v2', retired: ['v0', 'v1'], twice: 0 }
