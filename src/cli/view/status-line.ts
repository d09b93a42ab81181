import { abortablePhases } from '../../core/rollout/rollout.ts'
import type { HistoryEntry } from '../../core/rollout/rollout.ts'
import type { QueueEntry, QueueStatus } from '../../status/queue-status.ts'
import { clean, elapsed, percent } from './text.ts'

/** One queue on one line, or what is wrong with its records. */
export function entryLine(entry: QueueEntry): string {
  if (!('error' in entry)) return statusLine(entry)
  const { queue, error } = entry
  return [clean(queue), error.code, clean(error.message)].join('  ')
}

/** One queue on one line. */
export function statusLine(status: QueueStatus): string {
  const { queue, phase, current, stable, canary, harmed } = status
  if (phase === null || canary === null)
    return `${clean(queue)}  no rollout  ${clean(current)} in charge, ${stable.workers} workers${waitParts(status)
      .map((part) => `  ${part}`)
      .join('')}`
  return [
    clean(queue),
    phase,
    versionsOf(status),
    ...stepParts(status),
    `harmed ${harmed}`,
    ...waitParts(status),
    clean(reasonOf(status)),
    ...surroundingLines(status).map(clean),
  ].join('  ')
}

/** What a person should know beside the phase, a sentence each. */
export function surroundingLines(status: QueueStatus): readonly string[] {
  const { freeze, rollbackWindow, group, queue } = status
  const others = group?.queues.filter((name) => name !== queue) ?? []
  return [
    ...desertedLines(status),
    ...(others.length === 0 ? [] : [`one rollout with ${others.join(', ')}`]),
    ...(freeze === null ? [] : [`nothing goes forward: ${freeze.why}`]),
    ...(rollbackWindow === null
      ? []
      : [
          `workers of ${rollbackWindow.version} run on without messages, ready for undo, for ${elapsed(rollbackWindow.remainingMs)} more`,
        ]),
  ]
}

/** Nothing else looks wrong where the last worker has gone: workers of the other version coordinate, and those take nothing for it. */
function desertedLines({ phase, current, stable, canary }: QueueStatus): readonly string[] {
  const onTrial = canary !== null && phase !== null && abortablePhases.includes(phase) ? canary : undefined
  const inCharge = canary?.version === current ? canary : stable
  return [
    ...(inCharge.workers > 0 ? [] : [`no worker of ${current}, which is in charge, lives`]),
    ...(onTrial === undefined || onTrial === inCharge || onTrial.workers > 0
      ? []
      : [`no worker of ${onTrial.version}, which is on trial, lives`]),
  ]
}

/** One decision on one line, with the numbers that it was made from. */
export function historyLine(status: QueueStatus, { phase, why, numbers }: HistoryEntry): string {
  const shown = Object.entries(numbers).map(([name, value]) => `${clean(name)} ${clean(String(value))}`)
  const behind = shown.length === 0 ? [] : [`(${shown.join(', ')})`]
  return [clean(status.queue), phase, versionsOf(status), clean(why), ...behind].join('  ')
}

/** Why it stands where it stands. That the consumers have drained is not why a version was taken back. */
export function reasonOf({ phase, why, history }: QueueStatus): string {
  return (phase === 'RolledBack' ? history.findLast((entry) => entry.phase === 'RollingBack')?.why : undefined) ?? why
}

function versionsOf({ stable, canary }: QueueStatus): string {
  return canary === null ? clean(stable.version) : `${clean(stable.version)} -> ${clean(canary.version)}`
}

/** The share is meant only while a step runs; why it is not reached is said beside it. */
function stepParts({ step }: QueueStatus): readonly string[] {
  if (step === null) return []
  const { index, of, weight } = step
  const place = index < of ? [`step ${index + 1}/${of}`] : []
  const behind = weight.why === undefined ? '' : `: ${clean(weight.why)}`
  return [...place, `${percent(weight.target)} (measured ${percent(weight.measured)}${behind})`]
}

/** What no version that lives accepts, or what a canary has yet to take. */
function waitParts({ stable, canary }: QueueStatus): readonly string[] {
  const waiting = stable.waiting + (canary?.waiting ?? 0)
  const refused = [stable, ...(canary === null ? [] : [canary])].filter(({ unaccepted }) => unaccepted > 0)
  return [
    ...refused.map(({ unaccepted, version }) => `${unaccepted} not accepted by ${clean(version)}`),
    ...(waiting === 0 ? [] : [`${waiting} wait for a version that accepts them`]),
  ]
}

/** What makes a new line worth printing where there is no terminal: numbers that merely grow do not. */
export function changeKey(entry: QueueEntry): string {
  if ('error' in entry) return JSON.stringify(entry)
  const { queue, rollout, phase, step, why, current } = entry
  const isBehind = step?.weight.why !== undefined
  const reason = why.replaceAll(/\d[\d.]*/g, '')
  return JSON.stringify([queue, rollout, phase, step?.index, isBehind, reason, current, desertedLines(entry)])
}
