import { payloadMark } from '../broker/delivered.ts'
import type { Invariant } from './invariant.ts'

export const secretMark = 's3cr3t-of-the-broker'

export const nothingTold: Invariant = {
  name: 'nothing-told',
  says: 'No log, status, metric or stored value contains a secret or a payload.',
  watch: () => ({
    log: ({ line, container }) => (tells(line) ? `${container} logged it: ${line.slice(0, 200)}` : undefined),
    stored: ({ value, key }) => (tells(value) ? `it was stored under ${key}` : undefined),
  }),
}

function tells(text: string): boolean {
  return text.includes(payloadMark) || text.includes(secretMark)
}
