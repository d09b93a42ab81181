import type { Broker } from '../contracts/broker.ts'
import type { Clock } from '../contracts/clock.ts'
import type { HandlerDefinition } from '../contracts/handler.ts'
import type { Logger } from '../contracts/logger.ts'
import { spellDuration } from '../core/policy/duration.ts'
import { QueueCanaryError } from '../errors.ts'
import { backoffMs } from './backoff.ts'
import { within } from './deadline.ts'
import { describeThrown } from './describe-thrown.ts'
import { describeTrouble } from './describe-trouble.ts'

export interface WarmUpOptions {
  readonly handler: Pick<HandlerDefinition, 'warmUp'>
  readonly clock: Clock
  readonly timeoutMs: number
  readonly signal: AbortSignal
}

/** Rejects with `WARM_UP_FAILED` where the handler's warm-up fails or takes too long. Resolves early when the signal aborts. */
export async function warmUp({ handler, clock, timeoutMs, signal }: WarmUpOptions): Promise<void> {
  if (handler.warmUp === undefined) return
  const timeUp = new AbortController()
  const work = attempt(handler.warmUp, AbortSignal.any([signal, timeUp.signal]))
  const ended = await within(clock, timeoutMs, Promise.race([work, aborted(signal)]))
  timeUp.abort()
  if (!ended)
    throw new QueueCanaryError('WARM_UP_FAILED', `the handler's warm-up did not end within ${spellDuration(timeoutMs)}`)
  if (signal.aborted) return
  const { thrown } = await work
  if (thrown !== undefined) {
    const found = describeThrown(thrown.value)
    throw new QueueCanaryError('WARM_UP_FAILED', `the handler's warm-up failed: ${found}`, { cause: thrown.value })
  }
}

export interface PreparationOptions {
  readonly broker: Broker
  readonly clock: Clock
  readonly log: Logger
  readonly random: () => number
  readonly signal: AbortSignal
  readonly onTrouble: (reason: string) => void
}

const prepareBackoff = { baseMs: 500, maxMs: 10_000 }

/** A version on trial may fail messages: where they go must be there before it takes one. Tries until it is, or the signal aborts. */
export async function prepareHandBack(options: PreparationOptions): Promise<void> {
  const { broker, clock, log, random, signal } = options
  for (let attempts = 1; !signal.aborted; attempts++) {
    try {
      await broker.prepareHandBack()
      return
    } catch (error) {
      const reason = `hand-back is not ready: ${describeTrouble(error)}`
      options.onTrouble(reason)
      if (attempts === 1)
        log.warn({ error: describeTrouble(error) }, 'hand-back is not ready; the consumer takes nothing until it is')
    }
    await clock.sleep(backoffMs(prepareBackoff, attempts, random), signal)
  }
}

async function attempt(warm: NonNullable<HandlerDefinition['warmUp']>, signal: AbortSignal) {
  try {
    await warm({ signal })
    return { thrown: undefined }
  } catch (value) {
    return { thrown: { value } }
  }
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve()
    else signal.addEventListener('abort', () => resolve(), { once: true })
  })
}
