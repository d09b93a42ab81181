import { writeJson, writeLine } from './io.ts'
import { exitCodes } from './exit-codes.ts'
import { watchRollout } from './watch-rollout.ts'
import type { Watch } from './watch-rollout.ts'

/** Says which rollout has begun, and follows it where that is wanted. */
export async function afterStart(started: Watch): Promise<number> {
  const { io, view, rollout, json, watch } = started
  const { queue } = view.place
  if (watch) {
    writeLine(io.err, `rollout ${rollout} of queue ${queue} has begun`)
    return watchRollout(started)
  }
  if (json) writeJson(io.out, await view.read())
  else
    writeLine(
      io.out,
      `rollout ${rollout} of queue ${queue} has begun; follow it with: queue-canary status --queue ${queue} --watch`,
    )
  return exitCodes.done
}
