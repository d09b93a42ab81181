import { profiles } from '../broker/profiles.ts'
import { mustKeepUp } from '../scenario/expect.ts'
import { workerLimits } from '../scenario/scenario.ts'
import type { Dispatch, StoredMessage } from '../broker/stored-message.ts'
import type { Settlement } from './events.ts'
import type { Facts } from './facts.ts'
import type { Invariant } from './invariant.ts'

/** Of one message: copies in queues and hands, and whether a handler has ever succeeded with it. */
interface Whereabouts {
  copies: number
  handled: boolean
}

export const settledWithReason: Invariant = {
  name: 'settled-with-reason',
  says: 'No message is acked without a successful handler, a durable copy in another queue, or the dead-lettering its policy asks for.',
  watch: (facts) => {
    const copied = new Set<number>()
    return {
      handedBack: ({ claimed }) => void copied.add(claimed),
      putOff: ({ claimed, isCopy }) => void (isCopy && copied.add(claimed)),
      settlement: (settlement) => {
        if (settlement.how === 'ack') return ackReason(settlement, facts, copied)
        if (settlement.how === 'deadLetter') return deadLetterReason(settlement, facts)
        return undefined
      },
    }
  },
}

function ackReason({ dispatch }: Settlement, facts: Facts, copied: ReadonlySet<number>): string | undefined {
  if (facts.fates.get(dispatch.number)?.succeeded === true || copied.has(dispatch.number)) return undefined
  return `${dispatch.message.id} was acked by ${dispatch.container}, where no handler has succeeded with it`
}

function deadLetterReason({ dispatch }: Settlement, facts: Facts): string | undefined {
  const { message, container } = dispatch
  if (message.deadFrom !== undefined || attemptsAt(dispatch, facts) >= workerLimits.maxAttempts) return undefined
  return `${message.id} was dead-lettered by ${container} after ${facts.failuresOnStable(message.id)} failures`
}

/** Failed ones of the stable version, as far as anybody can know of them. */
function attemptsAt({ message, number }: Dispatch, facts: Facts): number {
  const { keepsRetries, contract } = facts.scenario
  const fate = facts.fates.get(number)
  // What the canary failed and the version in charge does not accept has no other attempts.
  if (contract !== undefined) return attemptsKnown(message, facts.failures(message.id), facts)
  if (fate?.role !== 'stable' && message.retried?.dead !== true) return 0
  return keepsRetries ? attemptsKnown(message, facts.failuresOnStable(message.id), facts) : (fate?.failures ?? 0)
}

/** SQS keeps no count of attempts but that of receives. */
function attemptsKnown(message: StoredMessage, failures: number, { scenario }: Facts): number {
  const isCounted = scenario.profile.startsWith('sqs') && failures > 0
  return isCounted ? Math.max(failures, receivesOf(message)) : failures
}

function receivesOf({ deliveries, handedBack, retried }: StoredMessage): number {
  return deliveries + (handedBack?.deliveryCount ?? 0) + (retried?.attempts ?? 0)
}

export const ownLink: Invariant = {
  name: 'own-link',
  says: 'An ack goes to the channel (or receipt) its delivery came from, or nowhere.',
  watch: () => ({
    misdirected: ({ claimed }) => `delivery ${claimed} was settled over a channel that did not bring it`,
    settlement: ({ dispatch, claimed, how }) =>
      claimed === undefined || claimed === 0 || claimed === dispatch.number
        ? undefined
        : `${how} of delivery ${claimed} settled delivery ${dispatch.number} (${dispatch.message.id})`,
  }),
}

export const nothingLost: Invariant = {
  name: 'nothing-lost',
  says: 'Confirmed = done + in queue + in flight + dead-lettered + explicitly discarded, at every moment.',
  watch: (facts) => {
    const all = new Map<string, Whereabouts>()
    return {
      added: ({ message: { id } }) => {
        const known = all.get(id)
        if (known === undefined) all.set(id, { copies: 1, handled: false })
        else known.copies++
        return undefined
      },
      end: ({ start, outcome }) => {
        const known = all.get(start.message)
        if (known !== undefined && outcome === 'succeeded') known.handled = true
        return undefined
      },
      removal: ({ message: { id }, how }) => {
        const known = all.get(id)
        if (known === undefined) return undefined
        known.copies--
        if (known.copies > 0 || known.handled) return undefined
        return `${id} is in no queue and in nobody's hands, and was never handled; it left by ${how}`
      },
      rest: () => {
        if (!mustKeepUp(facts.scenario) || facts.leavesMessages) return undefined
        const open = [...all].filter(([id, { handled }]) => !handled && !facts.deadLettered.has(id))
        const [first] = open
        return first && `${open.length} messages were neither handled nor dead-lettered at the end, first ${first[0]}`
      },
    }
  },
}

export const keptInvisible: Invariant = {
  name: 'kept-invisible',
  says: 'What a handler holds stays its own: no receipt runs out in a process that runs and reaches its broker.',
  watch: ({ scenario }) => ({
    settlement: ({ dispatch, how }) =>
      how === 'expired' &&
      scenario.profile.startsWith('sqs') &&
      scenario.faults.length === 0 &&
      dispatch.message.deliveries === 1
        ? `the receipt of ${dispatch.message.id} ran out in ${dispatch.container}`
        : undefined,
  }),
}

export const returnsBounded: Invariant = {
  name: 'returns-bounded',
  says: "We never return a message so often that the broker's delivery limit could be reached by our returns alone.",
  watch: (facts) => {
    const { deliveryLimit } = profiles[facts.scenario.profile]
    return {
      settlement: ({ dispatch: { message } }) =>
        // A process whose every slot is held for ever ends, and gives back what waits behind: its next one too.
        message.ownReturns >= deliveryLimit && !facts.mayBeStuck(facts.state?.stable ?? 'v1')
          ? `${message.id} was returned by us ${message.ownReturns} times, the limit is ${deliveryLimit}`
          : undefined,
    }
  },
}

export const redeliveredForAReason: Invariant = {
  name: 'redelivered-for-a-reason',
  says: 'Duplicates come only from the in-flight set of a crash or cut.',
  watch: (facts) => {
    const done = new Map<string, { readonly at: number; readonly dispatch: number; readonly container: string }>()
    const excused = new Set<string>()
    /** Deliveries of which a copy waits for its next attempt, and since when. */
    const copiedAt = new Map<number, number>()
    const returned = new Set<number>()
    const toldToEnd = new Set<string>()
    const draining = new Set<string>()
    const { mostMs } = facts.scenario.network
    const hurriedAt = new Map<string, number>()
    // What is given up while its handler runs may be done all the same. Whoever is told to end twice gives up all that it holds at that moment.
    // So does a drain at its end, and the handler may be done before the broker hears of it.
    const isGivenUp = ({ number, container, message }: Dispatch, at: number): boolean => {
      const doneAt = done.get(message.id)?.at ?? -Infinity
      const sinceMs = draining.has(container) ? at - doneAt : Infinity
      const isRunning = (facts.fates.get(number)?.running ?? 0) > 0
      return isRunning || sinceMs <= mostMs || doneAt >= (hurriedAt.get(container) ?? Infinity)
    }
    // A drain that ends meanwhile cannot know of the copy: the confirmation is on its way, as is the return.
    const isUnconfirmed = ({ number, container }: Dispatch, at: number): boolean =>
      draining.has(container) && at - (copiedAt.get(number) ?? -Infinity) <= 2 * mostMs + facts.heldUpMs
    return {
      state: ({ container, state }) => void (state === 'draining' && draining.add(container)),
      terminated: ({ at, container }) => {
        if (toldToEnd.has(container) && !hurriedAt.has(container)) hurriedAt.set(container, at)
        toldToEnd.add(container)
        return undefined
      },
      end: ({ at, start, outcome }) => {
        if (outcome === 'succeeded') done.set(start.message, { ...start, at })
        // Its time was over before it was done.
        if (at - start.at > shortestTimeoutMs) excused.add(start.message)
        return undefined
      },
      settlement: ({ at, dispatch, how, claimed }) => {
        const isCut = how === 'connectionLost' || how === 'expired' || how === 'consumerTimeout' || claimed === 0
        const isExcused = isGivenUp(dispatch, at) || isUnconfirmed(dispatch, at)
        if (isCut || (how !== 'ack' && isExcused)) excused.add(dispatch.message.id)
        if (how !== 'ack') returned.add(dispatch.number)
        return undefined
      },
      handedBack: ({ message }) => void excused.add(message.id),
      putOff: ({ at, message, claimed }) => {
        // Sent again, because the answer was lost.
        if (copiedAt.has(claimed)) excused.add(message.id)
        copiedAt.set(claimed, at)
        const fate = facts.fates.get(claimed)
        // Whoever waited for the confirmation in vain has gone on by itself, or has returned the message.
        if (returned.has(claimed) || (fate !== undefined && (fate.running > 0 || fate.succeeded)))
          excused.add(message.id)
        return undefined
      },
      start: ({ message, dispatch, attempt }) => {
        if (copiedAt.has(dispatch)) excused.add(message)
        const before = done.get(message)
        if (before === undefined || excused.has(message)) return undefined
        return `${message} was handled by ${before.container} with success and started again (delivery ${dispatch}, attempt ${attempt})`
      },
    }
  },
}

/** By the world's time; a process's own clock may be fast. */
const shortestTimeoutMs = 0.9 * workerLimits.handlerTimeoutMs
