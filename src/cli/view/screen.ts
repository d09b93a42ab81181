import type { Sink } from '../io.ts'

/** A block of lines at the end of a terminal that is drawn over in place. */
export interface Screen {
  draw(lines: readonly string[]): void
  /** Leaves the last block standing and gives the cursor back. Idempotent. */
  close(): void
}

export function openScreen(sink: Sink): Screen {
  let height = 0
  let open = true
  sink.write(hideCursor)
  return {
    draw(lines) {
      const up = height === 0 ? '' : `\u001b[${height}A\r`
      sink.write(`${up}${lines.map((line) => `${line}${clearLine}\n`).join('')}${clearBelow}`)
      height = lines.length
    },
    close() {
      if (open) sink.write(showCursor)
      open = false
    },
  }
}

const hideCursor = '\u001b[?25l'
const showCursor = '\u001b[?25h'
const clearLine = '\u001b[K'
const clearBelow = '\u001b[J'
