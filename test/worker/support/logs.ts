import type { Logger } from '../../../src/contracts/logger.ts'

export interface Logs extends Logger {
  readonly lines: readonly { readonly level: keyof Logger; readonly text: string; readonly fields: object }[]
  /** Everything that was logged, as one text. */
  readonly text: string
}

export function logs(): Logs {
  const lines: { level: keyof Logger; text: string; fields: object }[] = []
  const at = (level: keyof Logger) => (fields: object, text: string) => void lines.push({ level, text, fields })
  return {
    lines,
    get text() {
      return lines.map((line) => JSON.stringify(line)).join('\n')
    },
    debug: at('debug'),
    info: at('info'),
    warn: at('warn'),
    error: at('error'),
  }
}
