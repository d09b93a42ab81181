import { setTimeout as pause } from 'node:timers/promises'
import { eventually } from '../../support/eventually.ts'
import { firstStarts, lost } from '../../support/ledger-check.ts'
import type { Stage } from './stage.ts'

/** Between two looks at a ledger that may be long: the machine has other work. */
const lookMs = 200

/** Resolves once every message that the broker confirmed was handled with success, and the queues are empty. */
export async function everythingHandled(stage: Stage, deadlineMs = 60_000): Promise<void> {
  const { confirmed } = stage.publisher
  await eventually(
    async () => {
      const missing = lost(confirmed, stage.ledger())
      if (missing.length === 0) return
      await pause(lookMs)
      throw new Error(`${missing.length} of ${confirmed.size} confirmed messages are not handled, first ${missing[0]}`)
    },
    { what: 'every confirmed message is handled', deadlineMs },
  )
  await eventually(
    async () => {
      const { queue, handBack } = await stage.queues.depths()
      if (queue + handBack === 0) return
      await pause(lookMs)
      throw new Error(`${queue} messages wait in the queue, ${handBack} are handed back`)
    },
    { what: 'queue and hand-back queue are empty', deadlineMs },
  )
}

/** Resolves once the version has started this many messages. */
export async function handles(stage: Stage, version: string, count: number, deadlineMs = 30_000): Promise<void> {
  await eventually(() => firstStarts(stage.ledger()).filter((event) => event.version === version).length >= count, {
    what: `${version} handles ${count} messages`,
    deadlineMs,
  })
}
