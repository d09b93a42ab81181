import { hash } from 'node:crypto'
import { existsSync, openSync, writeSync } from 'node:fs'
import { setTimeout as pause } from 'node:timers/promises'
import type {
  BatchContext,
  BatchFailure,
  BatchMessage,
  HandlerContext,
  Message,
} from '../../../src/contracts/handler.ts'
import { defineHandler } from '../../../src/index.ts'

/**
 * The handler of every worker under test. It writes one line per event to a file of its own process, before it lets go of the message, so
 * that what a killed process did is never missing. What it does with a message is told by the message's `act` header (unless `LEDGER_OBEY` is
 * `no`), else by `LEDGER_ACT`.
 */
const dir = process.env['LEDGER_DIR'] ?? ''
const settings = {
  act: process.env['LEDGER_ACT'] ?? 'work',
  obey: process.env['LEDGER_OBEY'] !== 'no',
  delayMs: Number(process.env['LEDGER_DELAY_MS'] ?? '0'),
  failRate: Number(process.env['LEDGER_FAIL_RATE'] ?? '0'),
  salt: process.env['LEDGER_SALT'] ?? '',
  slowMs: Number(process.env['LEDGER_SLOW_MS'] ?? '0'),
  outage: process.env['LEDGER_OUTAGE'] ?? '',
  lateMs: Number(process.env['LEDGER_LATE_MS'] ?? '0'),
  accepts: process.env['LEDGER_ACCEPTS'] ?? '',
  batch: Number(process.env['LEDGER_BATCH'] ?? '0'),
  parent: Number(process.env['LEDGER_PARENT'] ?? '0'),
}
const file = openSync(`${dir}/${process.pid}.ledger`, 'a')

dieWithParent()

export default defineHandler({
  ...(settings.accepts === '' ? {} : { accepts: { header: 'schema', range: settings.accepts } }),
  ...(settings.batch > 0 ? { handleBatch, batch: { size: settings.batch, lingerMs: 200 } } : { handle }),
})

function handle(message: Message, context: HandlerContext): unknown {
  write('start', message, context)
  const told = settings.obey ? message.headers['act'] : undefined
  return (acts[typeof told === 'string' ? told : settings.act] ?? work)(message, context)
}

async function handleBatch(messages: readonly BatchMessage[], { signal, log, version, role }: BatchContext) {
  const ends = messages.map(async (message) =>
    handle(message, { signal, log, version, role, attempt: message.attempt }),
  )
  const failures: BatchFailure[] = []
  for (const [index, end] of (await Promise.allSettled(ends)).entries()) {
    const id = messages[index]?.id
    if (end.status === 'rejected' && id !== undefined) failures.push({ id, reason: end.reason })
  }
  return { failures }
}

type Act = (message: Message, context: HandlerContext) => unknown

const acts: Readonly<Record<string, Act>> = {
  undefined: (message, context) => Promise.reject(failed(undefined, message, context)),
  frozen: (message, context) => Promise.reject(failed(Object.freeze({ message: 'frozen' }), message, context)),
  proxy: (message, context) => Promise.reject(failed(hostileProxy(), message, context)),
  getters: (message, context) => Promise.reject(failed(hostileGetters(), message, context)),
  sync: (message, context) => {
    throw failed(new Error('thrown synchronously'), message, context)
  },
  never: (message, context) => {
    context.signal.addEventListener('abort', () => write('aborted', message, context))
    return new Promise(() => {})
  },
  late: async (message, context) => {
    await pause(settings.lateMs)
    write('late', message, context)
  },
  lateFailure: async (message, context) => {
    await pause(settings.lateMs)
    write('late', message, context)
    throw new Error('failed after its time')
  },
  exit: () => process.exit(7),
}

async function work(message: Message, context: HandlerContext): Promise<void> {
  if (settings.delayMs > 0) await pause(settings.delayMs)
  if (fails(message, context)) throw failed(new Error('told to fail'), message, context)
  if (settings.slowMs > 0) await pause(settings.slowMs)
  write('done', message, context)
}

function failed<T>(reason: T, message: Message, context: HandlerContext): T {
  write('fail', message, context)
  return reason
}

/**
 * Evenly spread whatever the ids look like. The same messages fail at every attempt, everywhere; with a salt each attempt of each version is
 * drawn anew. During an outage, which is a file, every attempt fails.
 */
function fails({ id }: Message, { version, attempt }: HandlerContext): boolean {
  if (settings.outage !== '' && existsSync(settings.outage)) return true
  return (
    settings.failRate > 0 &&
    draw(settings.salt === '' ? id : `${settings.salt} ${version} ${attempt} ${id}`) < settings.failRate
  )
}

/** A number from 0 to 1 that looks random and is the same for the same text. */
function draw(text: string): number {
  return hash('sha1', text, 'buffer').readUInt32BE() / 2 ** 32
}

function write(kind: string, message: Message, { version, role, attempt }: HandlerContext): void {
  const at = process.hrtime.bigint() / 1000n
  const seen = message.redelivered ? 'again' : 'first'
  writeSync(file, `${at}\t${kind}\t${message.id}\t${version}\t${process.pid}\t${role}\t${attempt}\t${seen}\n`)
}

function hostileProxy(): object {
  const refuse = (): never => {
    throw new Error('the trap of a thrown proxy')
  }
  return new Proxy(
    {},
    { get: refuse, has: refuse, ownKeys: refuse, getPrototypeOf: refuse, getOwnPropertyDescriptor: refuse },
  )
}

function hostileGetters(): object {
  return {
    get message(): string {
      throw new Error('the getter of a thrown object')
    },
    get name(): string {
      throw new Error('the getter of a thrown object')
    },
    toString(): string {
      throw new Error('the toString of a thrown object')
    },
  }
}

/** A test run that was killed leaves no worker behind. */
function dieWithParent(): void {
  if (settings.parent === 0) return
  setInterval(() => {
    if (process.ppid !== settings.parent) process.kill(process.pid, 'SIGKILL')
  }, 1_000).unref()
}
