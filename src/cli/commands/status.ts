import { NamespaceSnapshot } from '../../records/namespace-snapshot.ts'
import type { QueueEntry } from '../../status/queue-status.ts'
import type { StatusCommand } from '../command.ts'
import { openDisplay } from '../display.ts'
import { exitCodeOfCode, exitCodes } from '../exit-codes.ts'
import { follow } from '../follow.ts'
import { writeJson, writeLine } from '../io.ts'
import type { Io } from '../io.ts'
import { createQueueView, entryOf } from '../queue-view.ts'
import type { QueueView } from '../queue-view.ts'
import type { Session } from '../session.ts'
import { liveView } from '../view/live-view.ts'
import { entryLine } from '../view/status-line.ts'

/** Shows one queue or all of the namespace, once, or until Ctrl-C or its reader has gone. */
export async function statusCommand(command: StatusCommand, io: Io, session: Session): Promise<number> {
  const read = reader(command, session)
  if (command.watch) return watch(command, io, { session, read })
  const entries = await read()
  if (command.json) writeJson(io.out, command.queue === undefined ? entries : entries[0])
  else if (entries.length === 0)
    writeLine(io.err, `no queue has workers in namespace ${session.namespace} of this store yet`)
  else for (const line of linesOf(command, entries, io)) writeLine(io.out, line)
  return codeOf(entries)
}

/** A terminal breaks no table; elsewhere nothing is cut. */
function linesOf({ queue }: StatusCommand, entries: readonly QueueEntry[], { out }: Io): readonly string[] {
  const frame = { columns: out.isTerminal ? out.columns : Infinity, rows: Infinity, color: out.color }
  return entries.flatMap((entry) =>
    queue === undefined || 'error' in entry ? entryLine(entry) : liveView(entry, frame),
  )
}

type Read = () => Promise<readonly QueueEntry[]>

/** That of a queue that cannot be read, now that all others have been shown. */
function codeOf(entries: readonly QueueEntry[]): number {
  const [code] = entries.flatMap((entry) => ('error' in entry ? entry.error.code : []))
  return code === undefined ? exitCodes.done : exitCodeOfCode(code)
}

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
    return Promise.all(
      names.map((name) => {
        const { place, read } = viewOf(name)
        return entryOf(place, read())
      }),
    )
  }
}

async function watch(
  { json }: StatusCommand,
  io: Io,
  { session, read }: { readonly session: Session; readonly read: Read },
): Promise<number> {
  const display = openDisplay(io, json)
  let last: readonly QueueEntry[] = []
  try {
    await follow({
      read,
      onValue: (entries) => {
        last = entries
        display.show(entries)
      },
      onTrouble: (text) => display.note(text),
      isOver: () => !io.out.hasReader,
      clock: session.clock,
      everyMs: display.everyMs,
      timeoutMs: undefined,
      signal: io.signal,
    })
  } finally {
    display.close()
  }
  return codeOf(last)
}
