import type { Phase } from '../../../src/core/rollout/rollout.ts'
import type { Draw } from './draw.ts'
import type { CommandPlan, Fault, FaultKind, Mishap, When } from './scenario.ts'

/** Faults begin before this; then the world only has to recover. */
export const lastFaultMs = 30_000
const mostFaults = 6

/** Each seed has only some kinds of faults: where all come at once, most hide one another. */
export function drawFaults(dice: Draw, workers: readonly string[]): readonly Fault[] {
  const kinds = faultKinds.filter(() => dice.chance(0.25))
  if (kinds.length === 0) return []
  const count = dice.whole(0, mostFaults)
  return Array.from({ length: count }, () => ({ when: drawWhen(dice), ...drawMishap(dice, dice.pick(kinds), workers) }))
}

export function drawCommands(dice: Draw): readonly CommandPlan[] {
  if (dice.chance(0.6)) return []
  const kinds = ['abort', 'abort', 'pause', 'resume', 'promote', 'promote'] as const
  return Array.from({ length: dice.whole(1, 3) }, () => {
    const kind = dice.pick(kinds)
    return { kind, full: kind === 'promote' && dice.chance(0.4), when: drawWhen(dice) }
  })
}

const phases: readonly Phase[] = [
  'Initialized',
  'Progressing',
  'Progressing',
  'WaitingPromotion',
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

const faultKinds: readonly FaultKind[] = [
  'crash',
  'pause',
  'terminate',
  'lag',
  'wallJump',
  'cut',
  'channelClosed',
  'brokerDown',
  'publishBlocked',
  'storeTrouble',
  'storeSlow',
  'staleReads',
  'storeEmptied',
  'storeRestored',
  'outage',
  'burst',
]

function drawMishap(dice: Draw, kind: FaultKind, workers: readonly string[]): Mishap {
  const who = dice.chance(0.3) ? 'leader' : dice.pick(workers)
  const forMs = dice.pick([300, 2_000, 4_000, 8_000])
  switch (kind) {
    case 'crash':
      return { kind, who, restartAfterMs: dice.pick([300, 2_000, 10_000]) }
    case 'pause':
      return { kind, who, forMs: dice.pick([500, 3_000, 7_000, 15_000]), stands: dice.pick(['process', 'machine']) }
    case 'terminate':
      return { kind, who, againAfterMs: dice.chance(0.4) ? undefined : dice.pick([50, 1_000]), restartAfterMs: dice.pick([500, 5_000]) }
    case 'lag':
      return { kind, who, forMs, ms: dice.pick([20, 200, 1_500]) }
    case 'wallJump':
      return { kind, who, byMs: dice.pick([-3_600_000, 3_600_000, 10_000]) }
    case 'cut':
      return {
        kind,
        who,
        clientNoticesMs: dice.pick([0, 50, 4_000]),
        serverNoticesMs: dice.pick([0, 50, 4_000]),
        awayMs: dice.pick([0, 500, 5_000]),
      }
    case 'channelClosed':
      return { kind, who }
    case 'brokerDown':
    case 'publishBlocked':
    case 'outage':
      return { kind, forMs }
    case 'storeTrouble':
      return {
        kind,
        who: dice.chance(0.4) ? 'all' : who,
        forMs,
        trouble: dice.pick(['refuse', 'hang', 'loseAnswers', 'lateWrites']),
      }
    case 'storeSlow':
      return { kind, who: dice.chance(0.4) ? 'all' : who, forMs, ms: dice.pick([100, 600]) }
    case 'staleReads':
      return { kind, who, forMs, staleMs: dice.pick([500, 3_000]) }
    case 'storeEmptied':
      return { kind }
    case 'storeRestored':
      return { kind, ageMs: dice.pick([2_000, 8_000]) }
    case 'burst':
      return { kind, messages: dice.pick([50, 200]) }
  }
}
