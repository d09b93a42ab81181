import { closeSync, openSync, readdirSync, readSync } from 'node:fs'
import { join } from 'node:path'

/** `aborted`: the handler saw its signal. `late`: it ended after its time was over. */
export const ledgerKinds = ['start', 'done', 'fail', 'aborted', 'late'] as const
export type LedgerKind = (typeof ledgerKinds)[number]

/** One line that a handler wrote. */
export interface LedgerEvent {
  /** Milliseconds on the machine's monotonic clock, the same for all processes. */
  readonly at: number
  readonly kind: LedgerKind
  readonly id: string
  readonly version: string
  readonly pid: number
  readonly role: string
  readonly attempt: number
  /** What the broker said of the delivery. */
  readonly redelivered: boolean
}

/** The files that the handlers of all processes append to, read as they grow. */
export class Ledger {
  readonly #dir: string
  readonly #read = new Map<string, number>()
  #events: LedgerEvent[] = []

  constructor(dir: string) {
    this.#dir = dir
  }

  /** Everything that was written so far, in order of time. A line without an end (yet) is left out: a kill may have cut it short. */
  events(): readonly LedgerEvent[] {
    const fresh = readdirSync(this.#dir)
      .filter((name) => name.endsWith('.ledger'))
      .flatMap((name) => this.#appended(name))
    if (fresh.length > 0) this.#events = [...this.#events, ...fresh].toSorted((a, b) => a.at - b.at)
    return this.#events
  }

  #appended(name: string): LedgerEvent[] {
    const before = this.#read.get(name) ?? 0
    const lines = readFrom(join(this.#dir, name), before)
    const whole = lines.lastIndexOf(0x0a) + 1
    this.#read.set(name, before + whole)
    return lines.toString('utf8', 0, whole).split('\n').slice(0, -1).map(parse)
  }
}

/** This moment, on the clock of the ledger. */
export function ledgerNow(): number {
  return Number(process.hrtime.bigint() / 1000n) / 1000
}

/** A wall clock time stamp of this machine on the clock of the ledger. */
export function ledgerTime(wall: string | number): number {
  return new Date(wall).getTime() - Date.now() + ledgerNow()
}

function readFrom(path: string, offset: number): Buffer {
  const file = openSync(path, 'r')
  try {
    const chunks: Buffer[] = []
    for (let at = offset, length = -1; length !== 0; at += length) {
      const chunk = Buffer.alloc(1 << 20)
      length = readSync(file, chunk, 0, chunk.length, at)
      chunks.push(chunk.subarray(0, length))
    }
    return Buffer.concat(chunks)
  } finally {
    closeSync(file)
  }
}

function parse(line: string): LedgerEvent {
  const [at, kind, id, version, pid, role, attempt, seen, ...rest] = line.split('\t')
  const known = ledgerKinds.find((each) => each === kind)
  if (known === undefined || id === undefined || version === undefined || role === undefined || rest.length > 0)
    throw new Error(`not a line of a ledger: ${line}`)
  return {
    at: Number(at) / 1000,
    kind: known,
    id,
    version,
    pid: Number(pid),
    role,
    attempt: Number(attempt),
    redelivered: seen === 'again',
  }
}
