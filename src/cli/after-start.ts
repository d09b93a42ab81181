import { writeJson, writeLine } from './io.ts'
import { exitCodes } from './exit-codes.ts'
import { named, watchRollout } from './watch-rollout.ts'
import type { Watch } from './watch-rollout.ts'

/** Says which rollout has begun, and follows it where that is wanted. */
export async function afterStart(started: Watch): Promise<number> {
  const { io, begun, json, watch } = started
  const queues = begun.map(({ view }) => view.place.queue)
  const text = `${named(begun)} of queue ${queues.join(', ')} has begun`
  if (watch) {
    writeLine(io.err, text)
    return watchRollout(started)
  }
  if (json) {
    const [only, ...others] = await Promise.all(begun.map(({ view }) => view.read()))
    writeJson(io.out, others.length === 0 ? only : [only, ...others])
  } else writeLine(io.out, `${text}; follow it with: queue-canary status --queue ${queues[0]} --watch`)
  return exitCodes.done
}
