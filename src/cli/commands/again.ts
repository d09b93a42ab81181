import { afterStart } from '../after-start.ts'
import { beginRetry, beginUndo } from '../begin-again.ts'
import type { AgainCommand } from '../command.ts'
import { writeLine } from '../io.ts'
import type { Io } from '../io.ts'
import { createQueueView } from '../queue-view.ts'
import type { QueueView } from '../queue-view.ts'
import type { Session } from '../session.ts'

/** A new rollout of the version that was rolled back last. */
export async function retryCommand(command: AgainCommand, io: Io, session: Session): Promise<number> {
  const { clock } = session
  const view = viewOf(command, session)
  const rollout = await beginRetry(view, clock)
  return afterStart({ ...command, io, clock, begun: [{ view, rollout }] })
}

/** Returns to the version before the last promotion. */
export async function undoCommand(command: AgainCommand, io: Io, session: Session): Promise<number> {
  const { clock } = session
  const view = viewOf(command, session)
  const { rollout, target } = await beginUndo(view, clock)
  writeLine(
    io.err,
    `returning to ${target}: its workers must run, at least one; those of the version in charge work on until then`,
  )
  return afterStart({ ...command, io, clock, begun: [{ view, rollout }] })
}

function viewOf({ queue }: AgainCommand, { store, namespace, clock }: Session): QueueView {
  return createQueueView(store, { namespace, queue }, clock)
}
