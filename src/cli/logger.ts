import { pino } from 'pino'
import type { Logger } from '../contracts/logger.ts'
import type { LogLevel } from './environment-variables.ts'

export interface ProcessLog {
  readonly log: Logger
  /** Writes what is still held back; before the process ends. */
  readonly flush: () => void
}

/** More than this is dropped rather than kept: a log that nobody reads must not stop the work, nor eat the memory. */
const mostHeldBytes = 4 * 1024 * 1024

/** JSON lines on stderr. Credentials in URLs never reach them, whoever logs them. */
export function createProcessLog(level: LogLevel): ProcessLog {
  const destination = pino.destination({ dest: 2, sync: false, maxLength: mostHeldBytes })
  const log = pino(
    {
      level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      hooks: { streamWrite: withoutCredentials },
    },
    destination,
  )
  return {
    log,
    flush() {
      try {
        destination.flushSync()
      } catch {
        // Nobody reads the log any more; there is nowhere left to say so.
      }
    },
  }
}

/**
 * `amqp://user:secret@host` becomes `amqp://***@host`. A quote that belongs to a password cannot be told from one that ends a URL, so only what ends the
 * text in the line does, an unescaped double quote.
 */
export function withoutCredentials(line: string): string {
  return line.includes('@') ? line.replaceAll(/:\/\/(?:\\.|[^\s/"\\])*@/g, '://***@') : line
}
