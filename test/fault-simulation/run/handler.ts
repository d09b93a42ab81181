import type {
  Accepts,
  BatchMessage,
  BatchSettings,
  HandlerContext,
  HandlerDefinition,
  Message,
} from '../../../src/contracts/handler.ts'
import type { Start } from '../check/events.ts'
import { payloadMark } from '../broker/delivered.ts'
import { fractionOf } from '../scenario/draw.ts'
import type { Quality } from '../scenario/scenario.ts'
import type { Container } from '../time/container.ts'

export interface HandlerOptions {
  readonly container: Container
  readonly version: string
  readonly quality: Quality
  /** undefined: one message at a time. */
  readonly batch: BatchSettings | undefined
  /** undefined: every message. */
  readonly accepts: Accepts | undefined
  /** Something that both versions need is away. */
  readonly isOut: () => boolean
  readonly onStart: (message: Message, context: Pick<HandlerContext, 'role' | 'attempt'>) => Start
  readonly onEnd: (start: Start, outcome: 'succeeded' | 'failed') => void
}

/** What users write: takes its time, then succeeds or throws, as the messages and the version decide. */
export function simulatedHandler(options: HandlerOptions): HandlerDefinition {
  const { batch, onStart } = options
  const accepts = options.accepts && { accepts: options.accepts }
  if (batch === undefined)
    return {
      ...accepts,
      handle: async (message, context) => {
        const [failure] = await handled([onStart(message, context)], context.signal, options)
        if (failure !== undefined) throw failure.reason
      },
    }
  return {
    ...accepts,
    batch,
    handleBatch: async (messages, { role, signal }) => {
      const starts = messages.map((message: BatchMessage) => onStart(message, { role, attempt: message.attempt }))
      return { failures: await handled(starts, signal, options) }
    },
  }
}

interface Failure {
  readonly id: string
  readonly reason: Error
}

async function handled(
  starts: readonly Start[],
  signal: AbortSignal,
  { container, version, quality, isOut, onEnd }: HandlerOptions,
): Promise<readonly Failure[]> {
  const fates = starts.map(({ message }) => fateOf(message, version, quality))
  const { least, most } = quality.handlerMs
  const slowness = version === 'v1' ? 1 : quality.canarySlowness
  await container.clock.sleep((least + container.random() * (most - least)) * slowness)
  const stuck = starts.find((_, index) => fates[index] === 'stuck')
  if (stuck !== undefined) {
    await aborted(signal)
    for (const start of starts) onEnd(start, 'failed')
    // Half of them do not even react to their signal.
    if (fractionOf(`${stuck.message} deaf`) < 0.5) await new Promise(() => undefined)
    throw new Error(`gave up ${payloadMark}`)
  }
  return starts.flatMap((start, index) => {
    const failed = fates[index] === 'fails' || isOut()
    onEnd(start, failed ? 'failed' : 'succeeded')
    return failed ? [{ id: start.message, reason: new Error(`the handler quotes the payload: ${payloadMark}`) }] : []
  })
}

type HandlerFate = 'succeeds' | 'fails' | 'stuck'

function fateOf(id: string, version: string, quality: Quality): HandlerFate {
  if (fractionOf(`${id} poison`) < quality.poison) return 'fails'
  const isCanary = version !== 'v1'
  if (isCanary && fractionOf(`${id} stuck`) < quality.canaryStuck) return 'stuck'
  const rate = isCanary ? quality.canaryFailures : quality.stableFailures
  return fractionOf(`${id} ${version}`) < rate ? 'fails' : 'succeeds'
}

function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve()
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }))
}
