import type { FaultKind, Scenario } from './scenario.ts'

/** Faults that are no evidence against a version, and after which nothing is as it was not before. */
const harmless: ReadonlySet<FaultKind> = new Set([
  'wallJump',
  'storeSlow',
  'storeTrouble',
  'burst',
  'publishBlocked',
  'channelClosed',
])

/** A canary that fails nothing, whose rollout nobody interferes with, has to be promoted. */
export function mustSucceed({ quality, commands, faults, workers, messagesPerSecond }: Scenario): boolean {
  const isGood = quality.canaryFailures === 0 && quality.canaryStuck === 0 && quality.poison === 0
  const isMeasurable = quality.external === undefined || quality.external === 'good'
  return (
    isGood &&
    isMeasurable &&
    quality.canarySlowness === 1 &&
    messagesPerSecond >= 15 &&
    commands.length === 0 &&
    workers.every(({ version }) => version !== 'v3') &&
    faults.every(({ kind }) => harmless.has(kind))
  )
}
