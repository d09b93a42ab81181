import { ledgerTime } from '../support/ledger.ts'
import { firstStarts, lost, mostInFlight, of, startsAfter, unexplained } from '../support/ledger-check.ts'
import { endsOf } from './cell.ts'
import type { End } from './cell.ts'
import { canaryConcurrency, drainMs, leastSamples, maxFailedMessages, weights } from './setting.ts'
import type { Trial } from './trial.ts'

/** What a trial broke of what must hold whatever happens, in words; empty where nothing. */
export function verdictOn(trial: Trial): readonly string[] {
  return [
    ...nothingLost(trial),
    ...endedWell(trial),
    ...retiredTookNothing(trial),
    ...bounded(trial),
    ...promotedOnEvidence(trial),
    ...trial.disorder.filter(() => trial.cell.blow !== 'wipe'),
    ...when(trial.secretWritten, 'a process has written the password'),
  ]
}

/** undefined: not ended. */
export function endOf({ exit, status: { phase } }: Trial): End | undefined {
  if (phase === null) return 'Forgotten'
  if (phase === 'Succeeded' && exit === 0) return phase
  return phase === 'RolledBack' && exit === 3 ? phase : undefined
}

function nothingLost({ confirmed, events, blow, dead }: Trial): readonly string[] {
  const [missing, again] = [lost(confirmed, events), unexplained(events, blow)]
  return [
    ...when(missing.length > 0, `${missing.length} of ${confirmed.size} messages are lost, first ${missing[0]}`),
    ...when(again.length > 0, `${again.length} messages were repeated without a reason, first ${again[0]}`),
    ...when(dead > 0, `${dead} messages were dead-lettered`),
  ]
}

function endedWell(trial: Trial): readonly string[] {
  const { cell, exit, status } = trial
  const end = endOf(trial)
  const ends = endsOf(cell)
  if (end === undefined || !ends.includes(end))
    return [`expected ${ends.join(' or ')}, found ${status.phase} (${status.why}) and exit ${exit}${past(status)}`]
  const current = end === 'Succeeded' || cell.moment === 'retired' ? 'v2' : 'v1'
  return [
    ...when(status.current !== current, `${status.current} is in charge instead of ${current}`),
    ...lateEnds(trial),
  ]
}

function past({ history }: Trial['status']): string {
  return history.map(({ at, phase, step, why }) => `\n  ${at} ${phase}, step ${step + 1}: ${why}`).join('')
}

/** A drain ends within its time, a grace, and what the blow and the election of another coordinator took of it. */
function lateEnds({ status: { history }, blow }: Trial): readonly string[] {
  const begun = history.find(({ phase }) => phase === 'Draining' || phase === 'RollingBack')
  const ended = history.find(({ phase }) => phase === 'Succeeded' || phase === 'RolledBack')
  if (begun === undefined || ended === undefined) return []
  const tookMs = Date.parse(ended.at) - Date.parse(begun.at)
  const limitMs = drainMs + graceMs + (blow.to - blow.from) + electionMs
  return when(tookMs > limitMs, `${begun.phase} took ${tookMs} ms, limit ${limitMs} ms`)
}

const graceMs = 10_000
const electionMs = 15_000

/** Once everybody could know of it, and stood still no more. */
function retiredTookNothing({ status, events, endedAt, blow }: Trial): readonly string[] {
  const retired = status.current === 'v2' ? 'v1' : 'v2'
  const late = startsAfter(events, retired, Math.max(endedAt, blow.to) + noticeMs)
  return when(late.length > 0, `${retired} is retired and took ${late.length} messages, first ${late[0]?.id}`)
}

const noticeMs = 1_000

/** In each step the canary stays within its share, its slots and the failures that the policy allows, however it is struck. */
function bounded({ cell, status: { history, harmed }, events }: Trial): readonly string[] {
  const marks = history.map(({ at, phase, step }) => ({ at: ledgerTime(at), phase, step }))
  const shares = weights.flatMap((weight, index) => {
    const from = marks.find(({ phase, step }) => phase === 'Progressing' && step === index)?.at
    const to = marks.find((mark) => mark.at > (from ?? Infinity))?.at
    if (from === undefined || to === undefined) return []
    const taken = firstStarts(events).filter(({ at }) => at >= from && at < to)
    const canary = taken.filter(({ version }) => version === 'v2').length
    const most = (weight / 100) * taken.length * (1 + tolerance) + burst
    return when(canary > most, `the canary took ${canary} of ${taken.length} messages at ${weight} %`)
  })
  const before = events.filter(({ at }) => at < (marks.find(({ phase }) => phase === 'Promoting')?.at ?? Infinity))
  const pids = new Set(before.filter(({ version }) => version === 'v2').map(({ pid }) => pid))
  const inFlight = [...pids].map((pid) =>
    mostInFlight(
      before.filter((event) => event.pid === pid),
      'v2',
    ),
  )
  const failed = of(events, 'fail').filter(({ version }) => version === 'v2').length
  return [
    ...shares,
    ...when(Math.max(0, ...inFlight) > canaryConcurrency, `the canary held ${Math.max(...inFlight)} messages`),
    ...when(
      cell.moment === 'rolling-back' && (failed > maxFailedMessages || harmed > maxFailedMessages),
      `${failed} messages failed on the canary (harmed: ${harmed}), limit ${maxFailedMessages}`,
    ),
  ]
}

const tolerance = 0.1
/** Permits for two looks and one message in each slot may be under way when a step begins. */
const burst = canaryConcurrency

/** As many as the steps ask for had ended well on the canary before the promotion was decided. */
function promotedOnEvidence({ status: { phase, history }, events }: Trial): readonly string[] {
  if (phase !== 'Succeeded') return []
  const decided = history.find((entry) => entry.phase === 'Promoting')
  if (decided === undefined) return ['promoted without a promotion in its history']
  const seen = of(events, 'done').filter(({ version, at }) => version === 'v2' && at < ledgerTime(decided.at)).length
  const least = leastSamples * weights.length
  return when(seen < least, `promoted after ${seen} messages on the canary, ${least} at least were asked for`)
}

function when(broken: boolean, what: string): readonly string[] {
  return broken ? [what] : []
}
