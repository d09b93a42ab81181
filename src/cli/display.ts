import type { HistoryEntry } from '../core/rollout/rollout.ts'
import type { QueueEntry, QueueStatus } from '../status/queue-status.ts'
import { writeJson, writeLine } from './io.ts'
import type { Io } from './io.ts'
import { liveView } from './view/live-view.ts'
import { openScreen } from './view/screen.ts'
import { changeKey, entryLine, historyLine } from './view/status-line.ts'
import { clip, painter } from './view/text.ts'

/** Shows queues as they change, in the way that fits who reads it. */
export interface Display {
  show(entries: readonly QueueEntry[]): void
  /** One sentence for people, beside what is shown. */
  note(text: string): void
  /** Shows the last state once more where it was held back, and leaves the terminal in order. */
  close(): void
  /** How often a new look is worth while. */
  readonly everyMs: number
}

export function openDisplay(io: Io, json: boolean): Display {
  if (json) return jsonDisplay(io)
  return io.out.hasCursor ? liveDisplay(io) : plainDisplay(io)
}

/** One queue in full, several on one line each. */
function liveDisplay({ out }: Io): Display {
  const screen = openScreen(out)
  const paint = painter(out.color)
  const notes: string[] = []
  let last: readonly QueueEntry[] = []
  const draw = (): void => {
    const frame = { columns: out.columns - 1, rows: Math.max(1, out.rows - 1 - notes.length), color: out.color }
    const [only, ...others] = last
    const isAlone = only !== undefined && !('error' in only) && others.length === 0
    const lines = isAlone ? liveView(only, frame) : last.map(entryLine)
    const noted = notes.map((text) => paint('yellow', `! ${text}`))
    screen.draw([...lines.slice(0, frame.rows), ...noted].map((line) => clip(line, frame.columns)))
  }
  return {
    everyMs: 250,
    show(entries) {
      last = entries
      draw()
    },
    note(text) {
      notes.push(text)
      draw()
    },
    close: () => screen.close(),
  }
}

/** A line per decision, so that none is missed between two looks, and one whenever something else changed. */
function plainDisplay({ out, err }: Io): Display {
  const shown = new Map<string, QueueEntry>()
  const print = (at: Date, text: string): void => writeLine(out, `${at.toISOString().slice(11, 19)}Z  ${text}`)
  const printDecisions = (before: QueueStatus, status: QueueStatus): boolean => {
    const decisions = newDecisions(before, status)
    for (const decision of decisions) print(new Date(decision.at), historyLine(status, decision))
    return decisions.at(-1)?.why === status.why
  }
  return {
    everyMs: 500,
    show(entries) {
      for (const entry of entries) {
        const before = shown.get(entry.queue)
        shown.set(entry.queue, entry)
        const isComparable = before !== undefined && !('error' in before) && !('error' in entry)
        const isSaid = isComparable && printDecisions(before, entry)
        if (!isSaid && (before === undefined || changeKey(before) !== changeKey(entry)))
          print(new Date(), entryLine(entry))
      }
    },
    note: (text) => writeLine(err, text),
    close() {},
  }
}

function newDecisions(before: QueueStatus, { rollout, history }: QueueStatus): readonly HistoryEntry[] {
  const last = before.rollout === rollout ? JSON.stringify(before.history.at(-1)) : undefined
  return history.slice(history.findLastIndex((entry) => JSON.stringify(entry) === last) + 1)
}

/** One document a line, whenever something changed. */
function jsonDisplay({ out, err }: Io): Display {
  const shown = new Map<string, string>()
  return {
    everyMs: 1_000,
    show(entries) {
      for (const entry of entries) {
        const text = JSON.stringify(entry)
        if (shown.get(entry.queue) === text) continue
        shown.set(entry.queue, text)
        writeJson(out, entry)
      }
    },
    note: (text) => writeLine(err, text),
    close() {},
  }
}
