import { harmless } from './expect.ts'
import type { Phase } from '../../../src/core/rollout/rollout.ts'
import type { Draw } from './draw.ts'
import { slotsOf } from './scenario.ts'
import type { CommandPlan, Fault, FaultKind, Mishap, MishapOf, When, WorkerPlan } from './scenario.ts'

const mostFaults = 6

/** Each seed has only some kinds of faults: where all come at once, most hide one another. */
export function drawFaults(dice: Draw, workers: readonly WorkerPlan[], isCalm: boolean): readonly Fault[] {
  const names = workers.map(({ name }) => name)
  const stable = names.filter((name) => name.startsWith('stable'))
  const isAllowed = (kind: FaultKind): boolean => harmless.has(kind) || (kind === 'crash' && stable.length > 0)
  const kinds = faultKinds.filter((kind) => (!isCalm || isAllowed(kind)) && dice.chance(0.25))
  if (kinds.length === 0) return []
  const count = dice.whole(0, mostFaults)
  return Array.from({ length: count }, () => {
    const when = drawWhen(dice)
    const kind = dice.pick(kinds)
    return { when, ...drawMishap(dice, kind, isCalm && kind === 'crash' ? stable : names) }
  })
}

/** In some runs one of several workers of a version never comes back: a fleet that shrinks, a machine that is gone. */
export function loseOne(dice: Draw, faults: readonly Fault[], workers: readonly WorkerPlan[]): readonly Fault[] {
  if (!dice.chance(0.4)) return faults
  const lost = faults.find(
    (fault) => (fault.kind === 'crash' || fault.kind === 'terminate') && isDispensable(fault.who, workers),
  )
  return faults.map((fault) => (fault === lost ? { ...fault, restartAfterMs: undefined } : fault))
}

/** The others of its version can take all messages (`bearable`). */
function isDispensable(name: string, workers: readonly WorkerPlan[]): boolean {
  const lost = workers.find((worker) => worker.name === name)
  const all = workers.filter(({ version }) => version === lost?.version)
  return lost !== undefined && 3 * lost.concurrency <= slotsOf(all)
}

export function drawCommands(dice: Draw): readonly CommandPlan[] {
  if (dice.chance(0.6)) return []
  const kinds = ['abort', 'abort', 'pause', 'resume', 'promote', 'promote'] as const
  let when = drawWhen(dice)
  return Array.from({ length: dice.whole(1, 3) }, () => {
    const kind = dice.pick(kinds)
    // Two operators at once are what commands have to bear.
    if (dice.chance(0.5)) when = drawWhen(dice)
    return { kind, full: kind === 'promote' && dice.chance(0.4), when }
  })
}

const phases: readonly Phase[] = [
  'Initialized',
  'Progressing',
  'Progressing',
  'WaitingPromotion',
  'Promoting',
  'Promoting',
  'Draining',
  'Succeeded',
  'RollingBack',
  'RolledBack',
]

function drawWhen(dice: Draw): When {
  if (dice.chance(0.4)) return { atMs: dice.whole(0, 15_000) }
  return { phase: dice.pick(phases), afterMs: dice.pick([0, 0, 30, 200, 1_000, 3_000]) + dice.whole(0, 60) }
}

interface Choice {
  readonly dice: Draw
  /** One of the workers, or whoever leads. */
  readonly who: string
  readonly forMs: number
}

const choices: { readonly [K in FaultKind]: (choice: Choice) => Omit<MishapOf<K>, 'kind'> } = {
  crash: ({ dice, who }) => ({ who, restartAfterMs: dice.pick([300, 2_000, 10_000]) }),
  pause: ({ dice, who }) => ({
    who,
    forMs: dice.pick([500, 3_000, 7_000, 15_000]),
    stands: dice.pick(['process', 'machine']),
  }),
  terminate: ({ dice, who }) => ({
    who,
    againAfterMs: dice.chance(0.4) ? undefined : dice.pick([50, 1_000]),
    restartAfterMs: dice.pick([500, 5_000]),
  }),
  lag: ({ dice, who, forMs }) => ({ who, forMs, ms: dice.pick([20, 200, 1_500]) }),
  wallJump: ({ dice, who }) => ({ who, byMs: dice.pick([-3_600_000, 3_600_000, 10_000]) }),
  cut: ({ dice, who }) => ({
    who,
    clientNoticesMs: dice.pick([0, 50, 4_000]),
    serverNoticesMs: dice.pick([0, 50, 4_000]),
    awayMs: dice.pick([0, 500, 5_000]),
  }),
  channelClosed: ({ who }) => ({ who }),
  brokerDown: ({ forMs }) => ({ forMs }),
  publishBlocked: ({ forMs }) => ({ forMs }),
  storeTrouble: ({ dice, who, forMs }) => ({
    who: dice.chance(0.4) ? 'all' : who,
    forMs,
    trouble: dice.pick(['refuse', 'hang', 'loseAnswers', 'lateWrites']),
  }),
  storeSlow: ({ dice, who, forMs }) => ({ who: dice.chance(0.4) ? 'all' : who, forMs, ms: dice.pick([100, 600]) }),
  staleReads: ({ dice, who, forMs }) => ({ who, forMs, staleMs: dice.pick([500, 3_000]) }),
  storeEmptied: () => ({}),
  storeRestored: ({ dice }) => ({ ageMs: dice.pick([2_000, 8_000]) }),
  outage: ({ forMs }) => ({ forMs }),
  burst: ({ dice }) => ({ messages: dice.pick([50, 200]) }),
}

const faultKinds = Object.keys(choices) as readonly FaultKind[]

function drawMishap(dice: Draw, kind: FaultKind, workers: readonly string[]): Mishap {
  const who = dice.chance(0.3) ? 'leader' : dice.pick(workers)
  const forMs = dice.pick([300, 2_000, 4_000, 8_000, 8_000])
  return { kind, ...choices[kind]({ dice, who, forMs }) } as Mishap
}
