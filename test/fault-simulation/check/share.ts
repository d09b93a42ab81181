import { harmedIn, noCounts } from '../../../src/core/evidence/counts.ts'
import { compareOrder } from '../../../src/core/rollout/order.ts'
import type { Order } from '../../../src/core/rollout/order.ts'
import type { FaultKind } from '../scenario/scenario.ts'
import type { Start } from './events.ts'
import type { Facts } from './facts.ts'
import type { Invariant } from './invariant.ts'

export const withinAllocation: Invariant = {
  name: 'within-allocation',
  says: "A canary's messages in flight <= its allocation, its messages taken <= its permits, failed and in flight together <= its failure allowance.",
  watch: (facts) => ({
    start: (start) => (start.role === 'canary' ? beyondAllocation(start, facts) : undefined),
  }),
}

function beyondAllocation(start: Start, facts: Facts): string | undefined {
  const { report } = start
  const allocation = facts.grants.allocationOf(start)
  if (allocation === undefined || facts.grants.isPromoted(start)) return undefined
  const { lane, own } = allocation
  const who = `${report.id} started ${start.message}`
  if (lane.kind !== 'throttled') return `${who} under a document whose lane for the canary is ${lane.kind}`
  if (own === undefined) return `${who} without an allocation`
  const { concurrency, failures } = facts.grants.mostAllowed(report.id, own)
  if (report.inFlight > concurrency) return `${who} with ${report.inFlight} in flight of ${concurrency}`
  const permitted = facts.grants.mostPermitted(report.id)
  if (report.counts.taken > permitted) return `${who} as number ${report.counts.taken}, it was permitted ${permitted}`
  const exposed = harmedIn(report.counts) + report.inFlight
  if (exposed > failures) return `${who} with ${exposed} failed or in flight of ${failures}`
  return undefined
}

export const dividedExactly: Invariant = {
  name: 'divided-exactly',
  says: "The allocations of a document never add up to more than its step's concurrency.",
  watch: () => ({
    writing: ({ after: { allocations } }) => {
      if (allocations.canary.kind !== 'throttled') return undefined
      const sum = Object.values(allocations.consumers).reduce((total, { concurrency }) => total + concurrency, 0)
      const { concurrency: most } = allocations.canary
      return sum > most ? `consumers were given ${sum} slots, the step has ${most}` : undefined
    },
  }),
}

export const shareKept: Invariant = {
  name: 'share-kept',
  says: 'In every step the canary takes <= weight x total + burst bound, for any relative speed or failure rate of the versions.',
  watch: (facts) => ({
    start: ({ role }) => {
      const { step } = facts
      // What the stable version does not accept is among what it takes, again and again.
      if (facts.scenario.contract !== undefined) return undefined
      if (role !== 'canary' || step === undefined || step.weight === 0 || step.weight >= 100) return undefined
      const bound = (step.weight / 100) * step.total + Math.max(step.burst, facts.burstBound(step.weight))
      if (step.canary <= bound) return undefined
      return `the canary took ${step.canary} of ${step.total} messages in a step of ${step.weight} %: more than ${bound.toFixed(1)}`
    },
  }),
}

export const budgetKept: Invariant = {
  name: 'budget-kept',
  says: 'Canary failures after the failure budget is spent = 0: failed and in flight together never exceed it.',
  watch: (facts) => ({
    start: ({ role, message }) => {
      const { quality, faults } = facts.scenario
      // What the stable version's own failures explain is given back, by the judge's arithmetic; without any (it may have stood still for too long),
      // the bound is exact.
      const isExact =
        quality.stableFailures + quality.poison === 0 &&
        faults.every(({ kind }) => !blursBudget.has(kind)) &&
        harmedIn(facts.rollout?.latest?.stable ?? noCounts) === 0
      if (role !== 'canary' || !isExact) return undefined
      const { maxFailedMessages } = facts.policy.limits
      const blamed = facts.trial.failures - facts.trial.failedOnBoth.size
      if (blamed + facts.trial.running <= maxFailedMessages) return undefined
      return `${message} started with ${blamed} failed and ${facts.trial.running} in flight, the budget is ${maxFailedMessages}`
    },
  }),
}

const blursBudget: ReadonlySet<FaultKind> = new Set(['outage', 'storeEmptied', 'storeRestored'])

export const fresh: Invariant = {
  name: 'fresh',
  says: 'In doubt, canary zero: none starts on an allocation that is older than its time to live, by the local clock.',
  watch: () => ({
    start: ({ role, unansweredMs, report, message }) =>
      role === 'canary' && unansweredMs > allocationTtlMs
        ? `${report.id} started ${message} ${Math.round(unansweredMs)} ms after it last heard of the document`
        : undefined,
  }),
}

const allocationTtlMs = 5_000

export const orderKept: Invariant = {
  name: 'order-kept',
  says: 'A worker never obeys a document older than one that it obeyed before.',
  watch: () => {
    const newest = new Map<string, Order>()
    return {
      start: ({ report: { id, obeyed } }) => {
        const before = newest.get(id)
        if (obeyed === undefined) return `${id} started a message without ever having read the document`
        newest.set(id, obeyed)
        const order = before && compareOrder(obeyed, before)
        return order !== undefined && order < 0
          ? `${id} obeys ${obeyed.epoch}/${obeyed.sequence} after ${before?.epoch}/${before?.sequence}`
          : undefined
      },
    }
  },
}
