import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { HandlerDefinition } from '../contracts/handler.ts'
import { escapeText } from '../core/schema/describe-problem.ts'
import { isQueueCanaryError, QueueCanaryError } from '../errors.ts'
import { normaliseHandler } from '../worker/define-handler.ts'

export interface HandlerSource {
  /** The variable that names the file, for messages. */
  readonly variable: string
  /** Path of a `.js`, `.mjs` or `.ts` module, relative to `cwd`. */
  readonly path: string
  readonly cwd: string
}

const deadlineMs = 30_000

/** Imports a handler module. Rejects with `HANDLER_INVALID`, which names the variable and the file. */
export async function loadHandler(source: HandlerSource): Promise<HandlerDefinition> {
  const url = pathToFileURL(resolve(source.cwd, source.path)).href
  try {
    const module: unknown = await within(import(url), deadlineMs)
    return normaliseHandler(defaultOf(module))
  } catch (error) {
    throw new QueueCanaryError('HANDLER_INVALID', `${source.variable} (${source.path}): ${reasonOf(error)}`, {
      cause: error,
    })
  }
}

/** The default export alone; a CommonJS module that was compiled from ESM has it one level deeper. */
function defaultOf(module: unknown): unknown {
  const exported = own(module, 'default')
  const inner = own(exported, '__esModule') === true ? own(exported, 'default') : undefined
  return inner ?? exported
}

function own(value: unknown, key: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, key) : undefined
}

/** Node's own complaints are shown in full; what a module throws may hold anything, so only its kind is. */
function reasonOf(error: unknown): string {
  if (isQueueCanaryError(error)) return error.message
  if (!(error instanceof Error)) return 'the module threw something that is no error while it was loaded'
  const code = own(error, 'code')
  const isNodes = error instanceof SyntaxError || (typeof code === 'string' && code.startsWith('ERR_'))
  const [line = ''] = error.message.split('\n')
  return isNodes
    ? escapeText(`${error.name}: ${line}`, 300)
    : `the module threw ${escapeText(error.name, 60)} while it was loaded`
}

async function within<T>(promise: Promise<T>, ms: number): Promise<T> {
  const { promise: late, reject } = Promise.withResolvers<never>()
  const expected = `expected the module to be loaded within ${ms / 1_000} s, found it still waiting`
  const timer = setTimeout(() => reject(new QueueCanaryError('HANDLER_INVALID', expected)), ms)
  try {
    return await Promise.race([promise, late])
  } finally {
    clearTimeout(timer)
  }
}
