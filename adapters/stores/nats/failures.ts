import { failureText } from '../remote/failure-text.ts'
import type { Trouble } from '../remote/session.ts'
import { ApiError, clientError } from './jetstream.ts'

type Verdict = Omit<Trouble, 'anew'> & { readonly anew?: boolean }

const unreachable = (text: string): Verdict => ({ code: 'STORE_UNREACHABLE', text })
const refused = (text: string): Verdict => ({ code: 'STORE_REFUSED', text })

/** By the number of the server's error. https://github.com/nats-io/nats-server/blob/v2.10.27/server/errors.json */
const numbers: Readonly<Record<number, Verdict>> = {
  10008: unreachable('has no leader for its streams at the moment'),
  10009: unreachable('has no leader for its streams at the moment'),
  10163: unreachable('has a leader that is not ready yet; try again'),
  10167: unreachable('has too many requests at the moment; try again'),
  10039: refused('has no JetStream for this account: enable it'),
  10076: refused('has no JetStream: start it with -js or a jetstream block'),
  10023: refused('is short of room for its streams: give JetStream more storage'),
  10047: refused('is short of room for its streams: give JetStream more storage'),
  10077: refused('has a full bucket: raise its max_bytes'),
  10074: refused('has fewer servers than ?replicas= asks for'),
  10005: refused('has fewer servers than ?replicas= asks for'),
  10059: { ...unreachable('has lost the bucket, which is made anew'), anew: true },
}

/** By the class of the client's error. */
const classes: Readonly<Record<string, Verdict>> = {
  AuthorizationError: { ...refused('refuses user, password or token'), anew: true },
  PermissionViolationError: refused('denies a right: the README, "Stores", names those that the user needs'),
  NoRespondersError: {
    ...unreachable('has nobody who answers for the bucket: is JetStream enabled, and is a leader elected?'),
    anew: true,
  },
}

/** Any failure of the client or the server, without the texts of the server: they may name subjects and users. */
export function explain(error: unknown): Trouble {
  if (error instanceof ApiError) {
    const known = numbers[error.number] ?? refused('answers with an error of JetStream')
    return { anew: false, ...known, text: `${known.text} (${error.number})` }
  }
  const known = classes[clientError(error) ?? '']
  if (known !== undefined) return { anew: false, ...known }
  const text = failureText(error)
  if (/does not support 'tls'/.test(text)) return { code: 'STORE_REFUSED', text: 'offers no TLS', anew: true }
  return { code: 'STORE_UNREACHABLE', text: `is not reachable: ${text}`, anew: true }
}
