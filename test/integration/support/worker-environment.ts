/** What the stage knows that a worker must be told. */
interface Place {
  readonly server: { readonly url: string }
  readonly queues: { readonly name: string }
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
  { server, queues, store, dir }: Place,
  version: string,
  { concurrency = 10, handler: told = {}, env = {} }: WorkerOptions = {},
): Readonly<Record<string, string>> {
  const all = {
    QUEUE_CANARY_VERSION: version,
    QUEUE_CANARY_QUEUES: 'orders',
    QUEUE_CANARY_STORE: store,
    QUEUE_CANARY_HTTP: 'off',
    QUEUE_CANARY_ORDERS_URL: server.url,
    QUEUE_CANARY_ORDERS_NAME: queues.name,
    QUEUE_CANARY_ORDERS_HANDLER: handler,
    QUEUE_CANARY_ORDERS_CONCURRENCY: String(concurrency),
    LEDGER_DIR: dir,
    LEDGER_PARENT: String(process.pid),
    ...handlerEnvironment(told),
    ...env,
  }
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== ''))
}

function handlerEnvironment(told: NonNullable<WorkerOptions['handler']>): Readonly<Record<string, string>> {
  const { act = 'work', delayMs = 0, failRate = 0, lateMs = 0, accepts = '', batch = 0, obey = true } = told
  return {
    LEDGER_ACT: act,
    LEDGER_DELAY_MS: String(delayMs),
    LEDGER_FAIL_RATE: String(failRate),
    LEDGER_LATE_MS: String(lateMs),
    LEDGER_ACCEPTS: accepts,
    LEDGER_BATCH: String(batch),
    LEDGER_OBEY: obey ? 'yes' : 'no',
  }
}
