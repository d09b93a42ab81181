import { Refusal } from './address-rules.ts'

/** Why a request failed, in words that hold nothing of what was sent or came back. */
export function reasonOf(thrown: unknown): string {
  if (thrown instanceof Refusal) return thrown.message
  const code = thrown instanceof Error && 'code' in thrown ? String(thrown.code) : ''
  if (code.startsWith('HPE_')) return 'its answer is no HTTP'
  if (code.startsWith('Z_')) return 'its answer cannot be unpacked'
  return reasons.get(code) ?? (/^[A-Z][A-Z\d_]{1,60}$/.test(code) ? code : 'an unexpected error')
}

const reasons: ReadonlyMap<string, string> = new Map([
  ['ECONNREFUSED', 'nobody listens there (ECONNREFUSED)'],
  ['ECONNRESET', 'the connection was lost (ECONNRESET)'],
  ['EHOSTUNREACH', 'there is no way to it (EHOSTUNREACH)'],
  ['ENOTFOUND', 'no such host (ENOTFOUND)'],
  ['EAI_AGAIN', 'the host name cannot be resolved now (EAI_AGAIN)'],
  ['ERR_INVALID_CHAR', 'the value of a header holds a character that no header may have'],
  ['ERR_HTTP_INVALID_HEADER_VALUE', 'the value of a header is none'],
])
