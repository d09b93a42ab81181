import type { Sink } from './io.ts'

/** `onLost` hears of what could not be written; a reader that went away (`| head`) is no failure of the command. */
export function streamSink(stream: NodeJS.WriteStream, onLost: (error: Error) => void): Sink {
  let hasReader = true
  const told = (error: NodeJS.ErrnoException | null | undefined): void => {
    if (!error || !hasReader) return
    if (error.code === 'EPIPE') hasReader = false
    else onLost(error)
  }
  // Others write to it too: what becomes of that is not the command's.
  stream.on('error', () => {})
  const hasCursor = stream.isTTY && process.env['TERM'] !== 'dumb'
  return {
    write: (text) => void stream.write(text, told),
    isTerminal: stream.isTTY,
    hasCursor,
    get hasReader() {
      return hasReader
    },
    // A terminal that nobody gave a size has 0 by 0.
    get columns() {
      return stream.columns || 80
    },
    get rows() {
      return stream.rows || 24
    },
    color: hasCursor && (process.env['NO_COLOR'] ?? '') === '',
  }
}
