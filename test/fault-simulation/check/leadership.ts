import { compareOrder } from '../../../src/core/rollout/order.ts'
import { isTerminal } from '../../../src/core/rollout/rollout.ts'
import type { Rollout } from '../../../src/core/rollout/rollout.ts'
import type { FaultKind } from '../scenario/scenario.ts'
import type { Invariant } from './invariant.ts'

/** Faults after which a stable worker may be silent though it lives. */
const silencing: ReadonlySet<FaultKind> = new Set([
  'crash',
  'pause',
  'terminate',
  'lag',
  'storeTrouble',
  'storeSlow',
  'staleReads',
  'storeEmptied',
  'storeRestored',
])

export const stableLeads: Invariant = {
  name: 'stable-leads',
  says: 'The canary version does not coordinate while a stable worker lives.',
  watch: ({ scenario, mayBeStuck }) => ({
    writing: ({ after: { lease, rollout, stable } }) => {
      if (rollout === undefined || stable === rollout.canary || mayBeStuck(stable)) return undefined
      const isCanary = lease.holder?.endsWith(`.${rollout.canary}`) === true
      if (!isCanary || scenario.faults.some(({ kind }) => silencing.has(kind))) return undefined
      return `${lease.holder} coordinates the trial of ${rollout.canary} beside living workers of ${stable}`
    },
  }),
}

export const stableRegisters: Invariant = {
  name: 'stable-registers',
  says: 'In doubt, canary zero: the canary of solo mode never takes charge of a queue that nobody knows.',
  watch: ({ scenario }) => ({
    writing: ({ before, after }) =>
      before === undefined &&
      after.stable === 'v2' &&
      scenario.workers.every(({ isSolo }) => isSolo) &&
      after.epoch === 0 &&
      Object.keys(after.tombstones).length === 0
        ? 'the canary of solo mode has registered as the version in charge'
        : undefined,
  }),
}

export const countersGrow: Invariant = {
  name: 'counters-grow',
  says: 'Counters never go down: what was harmed stays so, and what was taken.',
  watch: (facts) => {
    // A store that forgets reports, or shows old ones, tells less for a while.
    const showsAll = facts.scenario.faults.every(({ kind }) => kind !== 'staleReads')
    return {
      writing: ({ before, after }) => {
        const [was, is] = [before?.rollout, after.rollout]
        if (was === undefined || is === undefined || was.id !== is.id || before?.generation !== after.generation)
          return undefined
        const counted = showsAll && facts.rewinds === 0 ? takenIn : () => ({})
        return lessened({ ...decidedIn(was), ...counted(was) }, { ...decidedIn(is), ...counted(is) })
      },
    }
  },
}

type Numbers = Readonly<Record<string, number>>

function decidedIn({ harmed, lost, elapsedMs }: Rollout): Numbers {
  return { harmed, lost, elapsedMs }
}

function takenIn({ latest }: Rollout): Numbers {
  return { 'taken by stable': latest?.stable.taken ?? 0, 'taken by the canary': latest?.canary.taken ?? 0 }
}

function lessened(was: Numbers, is: Numbers): string | undefined {
  const name = Object.keys(was).find((key) => (is[key] ?? 0) < (was[key] ?? 0))
  return name && `${name} ${was[name]} became ${is[name]}`
}

/** Until a silent consumer is found dead (`coordinator/roster.ts`), and the decision after that. */
const foundDeadMs = 9_000

export const deathsCount: Invariant = {
  name: 'deaths-count',
  says: 'A canary that died with messages and without signing off is failure evidence.',
  watch: (facts) => {
    let death: { readonly at: number; readonly epoch: number; readonly rollout: string } | undefined
    const isWatched = facts.scenario.faults.every(({ kind }) => kind === 'crash' || !silencing.has(kind))
    return {
      killed: ({ at, container }) => {
        const { rollout, state } = facts
        if (rollout?.phase !== 'Progressing' || state === undefined) return undefined
        if (facts.runningAt(container, rollout.canary) > 0) death ??= { at, epoch: state.epoch, rollout: rollout.id }
        return undefined
      },
      writing: ({ after: { rollout, epoch }, at }) => {
        if (death === undefined || !isWatched || at - death.at < foundDeadMs + facts.newsMs) return undefined
        if (epoch !== death.epoch || rollout?.id !== death.rollout || isTerminal(rollout.phase)) return undefined
        return rollout.lost + rollout.harmed === 0 ? 'a canary died with messages, and nothing was counted' : undefined
      },
    }
  },
}

export const tombstonesKept: Invariant = {
  name: 'tombstones-kept',
  says: 'A document that is written anew keeps the tombstones that its writer knew.',
  watch: (facts) => ({
    writing: ({ before, after, by }) => {
      const known = facts.lastSeenBy(by)
      if (known === undefined || before?.generation === after.generation || known.generation === after.generation)
        return undefined
      // What puts another version in charge is not obeyed by one that is.
      if (known.stable !== after.stable) return undefined
      const isKnown = (version: string): boolean => facts.knowsRetired(by, version, 3)
      const lost = Object.keys(known.tombstones).filter((name) => isKnown(name) && after.tombstones[name] === undefined)
      return lost.length > 0 ? `${by} wrote a document without the tombstone of ${lost.join(', ')}` : undefined
    },
  }),
}

export const promotionStands: Invariant = {
  name: 'promotion-stands',
  says: 'A promotion that a living worker in charge knows of is not taken back by a store that went back in time.',
  watch: (facts) => ({
    writing: ({ before, after, by }) => {
      const known = facts.lastSeenBy(by)
      if (known === undefined || before === undefined || (compareOrder(before, known) ?? 0) >= 0) return undefined
      return known.stable !== after.stable && before.stable === after.stable
        ? `${by} went on with ${after.stable} in charge, and knew that ${known.stable} is`
        : undefined
    },
  }),
}
