import type { Accepts, BatchHandler, HandlerDefinition, SingleHandler } from '../contracts/handler.ts'
import { QueueCanaryError } from '../errors.ts'
import { isRange } from './acceptance.ts'
import { batchProblems } from './batch-settings.ts'

/** Gives a handler module its types; returns the definition unchanged. */
export function defineHandler<T = unknown>(definition: HandlerDefinition<T>): HandlerDefinition<T> {
  return definition
}

/** What a module exported, as a definition. Throws `HANDLER_INVALID` with what was expected and what was found. */
export function normaliseHandler(exported: unknown): HandlerDefinition {
  if (isFunction(exported)) return { handle: exported }
  if (typeof exported !== 'object' || exported === null)
    throw invalid('a function or an object with `handle` or `handleBatch`', exported)
  const { warmUp, close, accepts }: Exported = exported
  return {
    ...work(exported),
    ...(accepts === undefined ? {} : { accepts: requireAccepts(accepts) }),
    ...(warmUp === undefined ? {} : { warmUp: requireFunction('warmUp', warmUp).bind(exported) }),
    ...(close === undefined ? {} : { close: requireFunction('close', close).bind(exported) }),
  }
}

type Exported = Partial<Record<'handle' | 'handleBatch' | 'batch' | 'warmUp' | 'close' | 'accepts', unknown>>

function work(exported: Exported): SingleHandler | BatchHandler {
  const { handle, handleBatch, batch } = exported
  if (handleBatch === undefined) {
    if (batch !== undefined) throw invalid('no `batch` without `handleBatch`', batch)
    return { handle: requireFunction('handle', handle).bind(exported) }
  }
  if (handle !== undefined) throw invalid('`handle` or `handleBatch`, not both', handle)
  if (typeof batch !== 'object' && batch !== undefined) throw invalid('`batch` to be an object', batch)
  const settings: { size?: number; lingerMs?: number } = batch ?? {}
  const [problem] = batchProblems(settings)
  if (problem !== undefined) throw new QueueCanaryError('HANDLER_INVALID', problem)
  return { handleBatch: requireFunction('handleBatch', handleBatch).bind(exported), batch: { ...settings } }
}

function requireAccepts(value: unknown): Accepts {
  const { header, range } = Object(value) as Partial<Record<'header' | 'range', unknown>>
  if (typeof header !== 'string' || header === '') throw invalid('`accepts.header` to be the name of a header', header)
  if (typeof range !== 'string' || !isRange(range))
    throw invalid('`accepts.range` to be a range of versions such as ">=2 <4"', range)
  return { header, range }
}

function requireFunction(name: string, value: unknown): AnyFunction {
  if (isFunction(value)) return value
  throw invalid(`\`${name}\` to be a function`, value)
}

type AnyFunction = (...args: readonly unknown[]) => unknown

function isFunction(value: unknown): value is AnyFunction {
  return typeof value === 'function'
}

function invalid(expected: string, found: unknown): QueueCanaryError {
  const kind = found === null ? 'null' : typeof found
  return new QueueCanaryError(
    'HANDLER_INVALID',
    `a handler module exports by default a function or defineHandler({ handle }): expected ${expected}, found ${kind}`,
  )
}
