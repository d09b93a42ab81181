import type { Handle, HandlerContext, Message } from '../../../src/contracts/handler.ts'
import type { Start } from '../check/events.ts'
import { payloadMark } from '../broker/delivered.ts'
import { fractionOf } from '../scenario/draw.ts'
import type { Quality } from '../scenario/scenario.ts'
import type { Container } from '../time/container.ts'

export interface HandlerOptions {
  readonly container: Container
  readonly version: string
  readonly quality: Quality
  /** Something that both versions need is away. */
  readonly isOut: () => boolean
  readonly onStart: (message: Message, context: HandlerContext) => Start
  readonly onEnd: (start: Start, outcome: 'succeeded' | 'failed') => void
}

/** What users write: takes its time, then succeeds or throws, as the message and the version decide. */
export function simulatedHandler(options: HandlerOptions): Handle {
  const { container, version, quality, onStart, onEnd, isOut } = options
  return async (message, context) => {
    const start = onStart(message, context)
    const fate = fateOf(message.id, version, quality)
    const { least, most } = quality.handlerMs
    const slowness = version === 'v1' ? 1 : quality.canarySlowness
    await container.clock.sleep((least + container.random() * (most - least)) * slowness)
    if (fate === 'stuck') {
      await aborted(context.signal)
      onEnd(start, 'failed')
      // Half of them do not even react to their signal.
      if (fractionOf(`${message.id} deaf`) < 0.5) await new Promise(() => undefined)
      throw new Error(`gave up ${payloadMark}`)
    }
    const failed = fate === 'fails' || isOut()
    onEnd(start, failed ? 'failed' : 'succeeded')
    if (failed) throw new Error(`the handler quotes the payload: ${payloadMark}`)
  }
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
