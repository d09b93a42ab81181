import type { Logger } from '../contracts/logger.ts'

/** A logger that adds fields to every line. */
export function withFields(log: Logger, fields: object): Logger {
  return {
    debug: (more, text) => log.debug({ ...fields, ...more }, text),
    info: (more, text) => log.info({ ...fields, ...more }, text),
    warn: (more, text) => log.warn({ ...fields, ...more }, text),
    error: (more, text) => log.error({ ...fields, ...more }, text),
  }
}
