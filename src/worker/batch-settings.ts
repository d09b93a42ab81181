import type { BatchHandler, BatchSettings, HandlerDefinition } from '../contracts/handler.ts'

const defaults: BatchSettings = { size: 10, lingerMs: 50 }

const bounds = { size: [1, 10_000], lingerMs: [0, 60_000] } as const

/** Everything that is wrong with settings of unknown origin. */
export function batchProblems(settings: Readonly<Partial<Record<keyof BatchSettings, unknown>>>): string[] {
  return (['size', 'lingerMs'] as const).flatMap((name) => {
    const value = settings[name]
    const [least, most] = bounds[name]
    const isWithin = typeof value === 'number' && value >= least && value <= most
    if (value === undefined || (isWithin && (name === 'lingerMs' || Number.isInteger(value)))) return []
    return [
      `batch.${name}: expected a ${name === 'size' ? 'whole ' : ''}number from ${least} to ${most}, found ${shown(value)}`,
    ]
  })
}

/** What holds for a handler. `over`: what is said elsewhere, and goes before what it says itself. */
export function batchSettingsOf({ batch }: BatchHandler, over: Partial<BatchSettings>): BatchSettings {
  const { size = batch?.size ?? defaults.size, lingerMs = batch?.lingerMs ?? defaults.lingerMs } = over
  return { size, lingerMs }
}

/** A message takes its slot when it begins to wait, and its handler's time is counted from then until its batch begins. */
export function lingerProblems(
  handler: HandlerDefinition,
  over: Partial<BatchSettings>,
  handlerTimeoutMs: number,
): readonly string[] {
  if (handler.handleBatch === undefined) return []
  const { size, lingerMs } = batchSettingsOf(handler, over)
  if (size === 1 || lingerMs < handlerTimeoutMs) return []
  return [`batch.lingerMs: expected less than handlerTimeoutMs (${handlerTimeoutMs}), found ${lingerMs}`]
}

function shown(value: unknown): string {
  return typeof value === 'number' ? String(value) : typeof value
}
