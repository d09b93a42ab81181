import type { Clock } from '../contracts/clock.ts'
import type { Logger } from '../contracts/logger.ts'
import type { Rollout } from '../core/rollout/rollout.ts'
import { peerIn, withWithdrawal } from '../core/rollout/group.ts'
import type { Peer, Peers } from '../core/rollout/group.ts'
import type { QueueRecords } from '../records/queue-records.ts'

export type PeerRecords = Pick<QueueRecords, 'readState' | 'writeState'>

/** Of each document: so often, and of many not as often as of a few. */
const refreshMs = 200
const refreshMsPerPeer = 25
const longestRefreshMs = 2_000
const staleMs = 5_000

/** The documents of the other queues of a group, read in the background so that none of them delays a look. What was read long ago is not known. */
export class PeerGauge {
  readonly #open: (queue: string) => PeerRecords
  readonly #clock: Clock
  readonly #log: Logger
  readonly #known = new Map<string, Known>()
  /** The queue that could not be asked, until it can be. */
  #unheard: string | undefined

  /** `open` gives the records of another queue of the namespace. */
  constructor(open: (queue: string) => PeerRecords, clock: Clock, log: Logger) {
    this.#open = open
    this.#clock = clock
    this.#log = log
  }

  /** What was last read of each; starts the next reading when it is time. */
  read({ group, canary }: Pick<Rollout, 'group' | 'canary'>): Peers {
    if (group === undefined) return {}
    const now = this.#clock.now()
    const others = group.queues.filter((queue) => queue !== group.queue)
    const everyMs = Math.min(longestRefreshMs, Math.max(refreshMs, refreshMsPerPeer * others.length))
    return Object.fromEntries(
      others.map((queue): readonly [string, Peer] => {
        const known = this.#knownOf(queue)
        if (!known.reading && now - known.askedAt >= everyMs) void this.#ask(known, group.id, canary)
        return [queue, peerOf(known, group.id, now)]
      }),
    )
  }

  /** Asks a queue to take the group back, by an abort in its document. Never rejects: whoever wants it asks again at the next look. */
  async withdraw(from: Rollout, queue: string, why: string): Promise<void> {
    const { records } = this.#knownOf(queue)
    try {
      const found = await records.readState()
      const next = found && withWithdrawal(found.state, from, why)
      if (next !== undefined) await records.writeState(next, found?.revision)
      this.#unheard = undefined
    } catch (error) {
      if (this.#unheard !== queue)
        this.#log.warn({ queue, error: String(error) }, 'another queue of the group could not be asked to go back')
      this.#unheard = queue
    }
  }

  async #ask(known: Known, groupId: string, canary: string): Promise<void> {
    const askedAt = this.#clock.now()
    Object.assign(known, { reading: true, askedAt })
    try {
      const found = await known.records.readState()
      const peer =
        found === undefined ? ({ kind: 'absent', promoted: false } as const) : peerIn(found.state, groupId, canary)
      known.read = { peer, groupId, askedAt }
    } catch {
      // Not knowing is what `read` then says; trouble with the store shows at the queue's own document too.
    } finally {
      known.reading = false
    }
  }

  #knownOf(queue: string): Known {
    const known = this.#known.get(queue) ?? {
      records: this.#open(queue),
      askedAt: -Infinity,
      reading: false,
      read: undefined,
    }
    this.#known.set(queue, known)
    return known
  }
}

interface Known {
  readonly records: PeerRecords
  askedAt: number
  reading: boolean
  read: { readonly peer: Peer; readonly groupId: string; readonly askedAt: number } | undefined
}

function peerOf({ read }: Known, groupId: string, now: number): Peer {
  const isKnown = read?.groupId === groupId && now - read.askedAt < staleMs
  return isKnown ? read.peer : { kind: 'unread' }
}
