import type { BatchHandler, BatchSettings } from '../contracts/handler.ts'

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

function shown(value: unknown): string {
  return typeof value === 'number' ? String(value) : typeof value
}
