import { failureText } from '../remote/failure-text.ts'
import type { Trouble } from '../remote/session.ts'
import { standby } from './schema.ts'

type Verdict = Omit<Trouble, 'anew'> & { readonly anew?: boolean }

const unreachable = (text: string): Verdict => ({ code: 'STORE_UNREACHABLE', text })
const refused = (text: string): Verdict => ({ code: 'STORE_REFUSED', text })

/** By SQLSTATE, or its class of two characters. https://www.postgresql.org/docs/current/errcodes-appendix.html */
const states: Readonly<Record<string, Verdict>> = {
  '28': refused('refuses user, password or a connection without TLS: check the URL (sslmode) and pg_hba.conf'),
  '3D000': refused('has no such database: check the path of the URL'),
  '3F000': refused('has no such schema: create it, or choose another ?table='),
  '42501': refused('denies a right: the README, "Stores", names those that the user needs'),
  '42P01': { ...unreachable('has lost its table, which is made anew'), anew: true },
  '42': refused('has a table of another form: choose another name with ?table='),
  [standby]: {
    ...refused('takes no writes (a standby, or default_transaction_read_only): use the address of the primary'),
    anew: true,
    isStandby: true,
  },
  '40': unreachable('was asked to write by several at the same moment; try again'),
  '53100': refused('has no space left on its disk'),
  '53300': unreachable('has too many connections: raise max_connections, or put a pooler before it'),
  '53': unreachable('is short of a resource'),
  '55': unreachable('has locked the documents; try again'),
  '57': unreachable('is starting, stopping or has cancelled the query; try again'),
  '08': unreachable('broke the connection'),
}

/** Any failure of the driver or the server, without the texts of the server: they may name users and values. */
export function explain(error: unknown): Trouble {
  const state = error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : ''
  const known = states[state] ?? (/^[\dA-Z]{5}$/.test(state) ? states[state.slice(0, 2)] : undefined)
  if (known !== undefined) return { anew: isAboutConnection(state), ...known, text: `${known.text} (${state})` }
  if (/^\d[\dA-Z]{4}$|^XX\d{3}$/.test(state)) {
    return { code: 'STORE_REFUSED', text: `answers with an error (${state}): see its log`, anew: true }
  }
  return withoutState(error)
}

/** What the driver itself finds. */
function withoutState(error: unknown): Trouble {
  const text = failureText(error)
  if (/does not support SSL/.test(text)) {
    return { code: 'STORE_REFUSED', text: 'offers no TLS: set ssl = on there, or sslmode=disable', anew: true }
  }
  if (/password/i.test(text)) return { code: 'STORE_REFUSED', text: 'wants a password', anew: true }
  return { code: 'STORE_UNREACHABLE', text: `is not reachable: ${text}`, anew: true }
}

/** A server that shuts down (57P01 and so on) or a broken connection: the next one may lead somewhere else. */
function isAboutConnection(state: string): boolean {
  return state.startsWith('08') || state.startsWith('57P') || state.startsWith('28')
}
