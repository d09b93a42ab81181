import type { HistoryEntry } from '../core/rollout/rollout.ts'
import type { QueueStatus } from '../status/queue-status.ts'
import { writeJson, writeLine } from './io.ts'
import type { Io } from './io.ts'
import { liveView } from './view/live-view.ts'
import { openScreen } from './view/screen.ts'
import { changeKey, historyLine, statusLine } from './view/status-line.ts'
import { clip, painter } from './view/text.ts'

/** Shows queues as they change, in the way that fits who reads it. */
export interface Display {
  show(statuses: readonly QueueStatus[]): void
  /** One sentence for people, beside what is shown. */
  note(text: string): void
  /** Shows the last state once more where it was held back, and leaves the terminal in order. */
  close(): void
  /** How often a new look is worth while. */
  readonly everyMs: number
}

export function openDisplay(io: Io, json: boolean): Display {
  if (json) return jsonDisplay(io)
  return io.out.isTerminal ? liveDisplay(io) : plainDisplay(io)
}

/** One queue in full, several on one line each. */
function liveDisplay({ out }: Io): Display {
  const screen = openScreen(out)
  const paint = painter(out.color)
  const notes: string[] = []
  let last: readonly QueueStatus[] = []
  const draw = (): void => {
    const frame = { columns: out.columns - 1, rows: Math.max(1, out.rows - 1 - notes.length), color: out.color }
    const [only, ...others] = last
    const lines = only !== undefined && others.length === 0 ? liveView(only, frame) : last.map(statusLine)
    const noted = notes.map((text) => paint('yellow', `! ${text}`))
    screen.draw([...lines.slice(0, frame.rows), ...noted].map((line) => clip(line, frame.columns)))
  }
  return {
    everyMs: 250,
    show(statuses) {
      last = statuses
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
  const shown = new Map<string, QueueStatus>()
  const print = (at: Date, text: string): void => writeLine(out, `${at.toISOString().slice(11, 19)}Z  ${text}`)
  return {
    everyMs: 500,
    show(statuses) {
      for (const status of statuses) {
        const before = shown.get(status.queue)
        shown.set(status.queue, status)
        const decisions = before === undefined ? [] : newDecisions(before, status)
        for (const entry of decisions) print(new Date(entry.at), historyLine(status, entry))
        const isSaid = decisions.at(-1)?.why === status.why
        if (!isSaid && (before === undefined || changeKey(before) !== changeKey(status)))
          print(new Date(), statusLine(status))
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
    show(statuses) {
      for (const status of statuses) {
        const text = JSON.stringify(status)
        if (shown.get(status.queue) === text) continue
        shown.set(status.queue, text)
        writeJson(out, status)
      }
    },
    note: (text) => writeLine(err, text),
    close() {},
  }
}
