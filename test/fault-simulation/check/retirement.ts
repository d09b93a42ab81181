import { isTerminal } from '../../../src/core/rollout/rollout.ts'
import type { Rollout } from '../../../src/core/rollout/rollout.ts'
import type { Invariant } from './invariant.ts'

export const retiredStaysRetired: Invariant = {
  name: 'retired-stays-retired',
  says: 'A retired version starts no delivery again without an explicit new rollout.',
  watch: (facts) => ({
    start: ({ container, version, message, report }) => {
      // Whoever does not believe the document goes on with what it knew; and a document that was written anew may say something else by now.
      const isRetired = report.obeyed?.generation === facts.state?.generation && facts.state?.stable !== version
      return isRetired && facts.knowsRetired(container, version)
        ? `${container} started ${message} on ${version}, of which it was told that it is retired`
        : undefined
    },
  }),
}

export const twoVersions: Invariant = {
  name: 'two-versions',
  says: 'At most two versions consume: the one in charge and the one on trial.',
  watch: (facts) => ({
    start: ({ version, message, container }) =>
      // Whoever asks first takes charge of a queue that nobody knows, and of one whose document the store has lost.
      version === 'v3' && !facts.inCharge.has(version)
        ? `${container} started ${message} on ${version}, which no rollout ever named`
        : undefined,
  }),
}

export const retirementNeedsProof: Invariant = {
  name: 'retirement-needs-proof',
  says: 'Retirement needs proof: the old version has nothing in flight, or the drain deadline is recorded.',
  watch: (facts) => {
    let enteredAt = 0
    return {
      writing: ({ before, after: { rollout: is }, at }) => {
        const was = before?.rollout
        if (is === undefined || was?.phase === is.phase) return undefined
        const drained = was?.id === is.id && isTerminal(is.phase) ? retired(is, at - enteredAt, at) : undefined
        enteredAt = at
        return drained
      },
    }

    function retired({ phase, stable, canary }: Rollout, sinceMs: number, at: number): string | undefined {
      const old = phase === 'Succeeded' ? stable : canary
      const held = facts.runningOn(old, at)
      if (held === 0 || sinceMs >= facts.policy.drain.timeoutMs) return undefined
      return `${old} was retired ${Math.round(sinceMs)} ms after its drain began with ${held} messages in flight`
    }
  },
}

export const stableFloor: Invariant = {
  name: 'stable-floor',
  says: 'Stable capacity never drops below its start before promotion commits, except by real deaths.',
  watch: (facts) => {
    const terminated = new Set<string>()
    const ready = new Set<string>()
    return {
      terminated: ({ container }) => void terminated.add(container),
      state: ({ container, version, state }) => {
        if (state === 'ready') ready.add(`${container} ${version}`)
        // Whoever has not begun to consume yet is no capacity.
        const isInCharge = ready.has(`${container} ${version}`) && goesOn(container, version)
        if (state !== 'draining' || !isInCharge || terminated.has(container) || facts.rewinds > 0) return undefined
        // Handlers that do not end may hold every slot: then it has to be started anew.
        if (facts.mayBeStuck(version)) return undefined
        return `${container} of ${version}, which is in charge, drains though nobody told it to`
      },
    }

    /** By the document, and by what the process has heard: who stands still while a promotion is undone obeys what it was answered before. */
    function goesOn(container: string, version: string): boolean {
      const documents = [facts.state, facts.lastSeenBy(container)]
      return documents.every((document) => document === undefined || document.stable === version)
    }
  },
}
