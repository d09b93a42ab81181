import type { BatchSettings, HandlerDefinition } from '../contracts/handler.ts'
import type { Logger } from '../contracts/logger.ts'
import { batchSettingsOf } from './batch-settings.ts'
import { Batcher } from './batcher.ts'
import type { BatcherOptions } from './batcher.ts'
import { Context } from './handler-context.ts'
import { HandlerMessage } from './handler-message.ts'
import type { Work } from './work.ts'

/** Runs the handler of a version for messages that are begun. */
export interface Runner {
  /** May throw, or return a promise of the handler's end. */
  run(work: Work): unknown
  /** From now on no message waits for others. */
  hurry(): void
  /** What may begin has changed: messages that wait for others look whether they still do. */
  look(): void
}

export interface RunnerOptions extends Omit<BatcherOptions, 'handleBatch' | keyof BatchSettings> {
  readonly handler: HandlerDefinition
  /** Over what the handler says. */
  readonly batch: Partial<BatchSettings>
  readonly log: Logger
}

export function createRunner(options: RunnerOptions): Runner {
  const { handler, version, log, batch } = options
  if (handler.handleBatch !== undefined) {
    const { handleBatch } = handler
    const batcher = new Batcher({ ...options, ...batchSettingsOf(handler, batch), handleBatch })
    return { run: (work) => batcher.add(work), hurry: () => batcher.hurry(), look: () => batcher.look() }
  }
  const { handle } = handler
  return {
    run: (work) => handle(new HandlerMessage(work.delivery.message), new Context(work, version, log)),
    hurry: () => undefined,
    look: () => undefined,
  }
}
