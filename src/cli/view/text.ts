import { styleText } from 'node:util'
import { escapeText } from '../../core/schema/describe-problem.ts'

export type Style = 'bold' | 'dim' | 'red' | 'green' | 'yellow' | 'cyan'

/** Colours a text, or leaves it as it is where colours are not wanted. */
export type Paint = (style: Style, text: string) => string

export function painter(color: boolean): Paint {
  return (style, text) => (color ? styleText(style, text, { validateStream: false }) : text)
}

/** Names and reasons come from elsewhere: nothing in them may steer the terminal. */
export function clean(text: string): string {
  return escapeText(text, 400)
}

/** Cuts a line to what fits, colours not counted. */
export function clip(line: string, columns: number): string {
  let left = columns
  let cut = ''
  for (const part of line.split(styleCode)) {
    if (part.startsWith('\u001b')) cut += part
    else {
      const characters = Array.from(part)
      cut +=
        characters.length <= left ? part : characters.slice(0, Math.max(0, left - 1)).join('') + (left > 0 ? '…' : '')
      left = Math.max(0, left - characters.length)
    }
  }
  return cut
}

// oxlint-disable-next-line no-control-regex -- the escape character is what it looks for
const styleCode = /(\u001b\[[0-9;]*m)/

/** `12s`, `1m01s`, `2h03m`, `3d04h`. */
export function elapsed(ms: number): string {
  const seconds = Math.round(ms / 1_000)
  const [minutes, hours, days] = [60, 3_600, 86_400].map((size) => Math.floor(seconds / size))
  if (days) return `${days}d${two((hours ?? 0) % 24)}h`
  if (hours) return `${hours}h${two((minutes ?? 0) % 60)}m`
  return minutes ? `${minutes}m${two(seconds % 60)}s` : `${seconds}s`
}

export function percent(value: number | null): string {
  return value === null ? '-' : `${Number(value.toFixed(2))}%`
}

function two(value: number): string {
  return String(value).padStart(2, '0')
}
