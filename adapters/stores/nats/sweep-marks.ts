import type { NatsConnection } from '@nats-io/transport-node'
import { ask } from './jetstream.ts'
import type { Bucket } from './place.ts'

/** What is left of a removed document: the subject and the sequence of its mark, and when it was written, in milliseconds. */
export interface Mark {
  readonly subject: string
  readonly seq: number
  readonly at: number
}

/** Long after the last reader that may still have the document is gone. */
const markLifeMs = 3_600_000
/** A few at a time: there are more chances. */
const mostAtOnce = 50

/**
 * Removes old marks, so that workers that come and go leave nothing for ever. Only the mark itself goes, not what was written after it. How old a
 * mark is the server's clock says, `now` as `at`. A user without the right to purge keeps them.
 */
export async function sweepMarks(
  connection: NatsConnection,
  { stream }: Bucket,
  { marks, now }: { readonly marks: readonly Mark[]; readonly now: number },
): Promise<void> {
  const old = marks.filter(({ at }) => now - at >= markLifeMs).slice(0, mostAtOnce)
  const purges = old.map(({ subject, seq }) =>
    ask(connection, `STREAM.PURGE.${stream}`, { filter: subject, seq: seq + 1 }),
  )
  await Promise.allSettled(purges)
}
