/** What the stage knows that a worker must be told. */
interface Place {
  /** Variables that tell where the queue is, and how to log in. */
  readonly access: Readonly<Record<string, string>>
  readonly store: string
  readonly dir: string
}

export interface WorkerOptions {
  /** What failures call the process. @default the version */
  readonly name?: string
  /** @default 10 */
  readonly concurrency?: number
  /** What the handler does; see `ledger-handler.ts`. */
  readonly handler?: {
    readonly act?: string
    readonly delayMs?: number
    readonly failRate?: number
    /** Draws each attempt of each version anew. @default the same messages fail everywhere */
    readonly salt?: string
    /** What a success takes beyond `delayMs`. */
    readonly slowMs?: number
    /** Path of a file: while it exists every attempt fails. */
    readonly outage?: string
    readonly lateMs?: number
    /** The range of the header `schema` that it accepts. @default all */
    readonly accepts?: string
    /** Handles batches of that size. @default single messages */
    readonly batch?: number
    /** False: the `act` of messages is ignored. @default true */
    readonly obey?: boolean
  }
  /** More variables; an empty value removes one. */
  readonly env?: Readonly<Record<string, string>>
}

const handler = new URL('ledger-handler.ts', import.meta.url).pathname

/** The environment of interface.md §2 for one worker of the queue `orders`, and that of the handler of the tests. */
export function workerEnvironment(
  { access, store, dir }: Place,
  version: string,
  { concurrency = 10, handler: told = {}, env = {} }: WorkerOptions = {},
): Readonly<Record<string, string>> {
  const all = {
    QUEUE_CANARY_VERSION: version,
    QUEUE_CANARY_QUEUES: 'orders',
    QUEUE_CANARY_STORE: store,
    QUEUE_CANARY_HTTP: 'off',
    ...access,
    QUEUE_CANARY_ORDERS_HANDLER: handler,
    QUEUE_CANARY_ORDERS_CONCURRENCY: String(concurrency),
    LEDGER_DIR: dir,
    LEDGER_PARENT: String(process.pid),
    ...ledgerEnvironment(told),
    ...env,
  }
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== ''))
}

/** The handler's own defaults hold for what is not told. */
function ledgerEnvironment(told: Required<WorkerOptions>['handler']): Readonly<Record<string, string>> {
  const { act, delayMs, failRate, salt, slowMs, outage, lateMs, accepts, batch, obey } = told
  const all = {
    LEDGER_ACT: act,
    LEDGER_DELAY_MS: delayMs,
    LEDGER_FAIL_RATE: failRate,
    LEDGER_SALT: salt,
    LEDGER_SLOW_MS: slowMs,
    LEDGER_OUTAGE: outage,
    LEDGER_LATE_MS: lateMs,
    LEDGER_ACCEPTS: accepts,
    LEDGER_BATCH: batch,
    LEDGER_OBEY: obey === false ? 'no' : 'yes',
  }
  return Object.fromEntries(Object.entries(all).map(([name, value]) => [name, String(value ?? '')]))
}
