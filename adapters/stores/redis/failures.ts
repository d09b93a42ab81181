import { failureText } from '../remote/failure-text.ts'
import type { Trouble } from '../remote/session.ts'

type Verdict = Omit<Trouble, 'anew'> & { readonly anew?: boolean }

const unreachable = (text: string): Verdict => ({ code: 'STORE_UNREACHABLE', text })
const refused = (text: string): Verdict => ({ code: 'STORE_REFUSED', text })

/** Of a node that others may have replaced: the address may lead to another one by now. */
const elsewhere = (text: string): Verdict => ({ ...unreachable(text), anew: true })

const moving = unreachable('is moving keys; try again')

/** The first word of a reply says what it is about. https://github.com/redis/redis/blob/8.0/src/server.c (createSharedObjects) */
const replies: Readonly<Record<string, Verdict>> = {
  LOADING: unreachable('is loading its data'),
  BUSY: unreachable('is busy with a script'),
  TRYAGAIN: moving,
  ASK: moving,
  CLUSTERDOWN: elsewhere('is a cluster that is down'),
  MASTERDOWN: elsewhere('has lost its primary'),
  NOREPLICAS: elsewhere('has fewer replicas than min-replicas-to-write demands'),
  MOVED: elsewhere('has moved the keys to another node'),
  READONLY: {
    ...refused('is a read-only replica: use the address of the primary (a failover may be under way)'),
    anew: true,
    isStandby: true,
  },
  WRONGPASS: refused('refuses user and password'),
  NOAUTH: refused('wants a user and a password'),
  NOPERM: refused('denies a right: the README, "Stores", names those that the user needs'),
  OOM: refused('is full (maxmemory): give it more memory'),
  MISCONF: refused('takes no writes, because it cannot save to its disk: mend that, see its log'),
  WRONGTYPE: refused('has keys of something else under our names: choose another ?prefix='),
  NOSCRIPT: unreachable('forgot a script; try again'),
}

/** Any failure of the client or the server, without the texts of the server: they may repeat arguments. */
export function explain(error: unknown): Trouble {
  const text = error instanceof Error ? error.message : ''
  const [, word] = /^(?:ERR )?([A-Z]{2,}[A-Z\d]*)\b/.exec(text) ?? []
  const reply = deniedInScript.test(text) ? 'NOPERM' : word
  const known = reply === undefined ? undefined : replies[reply]
  if (known !== undefined) return { anew: false, ...known, text: `${known.text} (${reply})` }
  if (isReply(error)) return { code: 'STORE_REFUSED', text: unknownReply(text), anew: false }
  return { code: 'STORE_UNREACHABLE', text: `is not reachable: ${failureText(error)}`, anew: true }
}

/** What Redis 7.0 and its successors say of a command of ours that the user may not run. */
const deniedInScript = /^ERR (?:The user executing the script can't run this|ACL failure in script)/

/** node-redis has a class for what the server answered; its other errors are about the connection. */
function isReply(error: unknown): boolean {
  return error instanceof Error && /^(?:Simple|Blob)Error$/.test(error.constructor.name)
}

function unknownReply(text: string): string {
  if (/unknown command/i.test(text)) return 'does not know a command that is needed: is it Redis 7 or later, or Valkey?'
  if (/DB index/i.test(text)) return 'has no such database: check the number in the path of the URL'
  return `answers with an error (${/^\w{1,20}/.exec(text)?.[0] ?? 'unknown'}): see its log`
}
