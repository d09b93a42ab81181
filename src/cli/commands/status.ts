import { NamespaceSnapshot } from '../../records/namespace-snapshot.ts'
import type { QueueStatus } from '../../status/queue-status.ts'
import type { StatusCommand } from '../command.ts'
import { openDisplay } from '../display.ts'
import { exitCodes } from '../exit-codes.ts'
import { follow } from '../follow.ts'
import { writeJson, writeLine } from '../io.ts'
import type { Io } from '../io.ts'
import { createQueueView } from '../queue-view.ts'
import type { QueueView } from '../queue-view.ts'
import type { Session } from '../session.ts'
import { statusLine } from '../view/status-line.ts'

/** Shows one queue or all of the namespace, once or until Ctrl-C. */
export async function statusCommand(command: StatusCommand, io: Io, session: Session): Promise<number> {
  const read = reader(command, session)
  if (command.watch) return watch(command, io, { session, read })
  const statuses = await read()
  if (command.json) writeJson(io.out, command.queue === undefined ? statuses : statuses[0])
  else if (statuses.length === 0)
    writeLine(io.err, `no queue has workers in namespace ${session.namespace} of this store yet`)
  else for (const status of statuses) writeLine(io.out, statusLine(status))
  return exitCodes.done
}

type Read = () => Promise<readonly QueueStatus[]>

function reader({ queue }: StatusCommand, { store, namespace, clock }: Session): Read {
  if (queue !== undefined) {
    const view = createQueueView(store, { namespace, queue }, clock)
    return async () => [await view.read()]
  }
  const snapshot = new NamespaceSnapshot(store, namespace)
  const views = new Map<string, QueueView>()
  const viewOf = (name: string): QueueView => {
    const view = views.get(name) ?? createQueueView(snapshot, { namespace, queue: name }, clock)
    views.set(name, view)
    return view
  }
  return async () => {
    const names = await snapshot.refresh()
    return Promise.all(names.map((name) => viewOf(name).read()))
  }
}

async function watch(
  { json }: StatusCommand,
  io: Io,
  { session, read }: { readonly session: Session; readonly read: Read },
): Promise<number> {
  const display = openDisplay(io, json)
  try {
    await follow({
      read,
      onValue: (statuses) => display.show(statuses),
      isOver: () => false,
      clock: session.clock,
      everyMs: display.everyMs,
      timeoutMs: undefined,
      signal: io.signal,
    })
  } finally {
    display.close()
  }
  return exitCodes.done
}
