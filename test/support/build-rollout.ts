import { noCounts } from '../../src/core/evidence/counts.ts'
import type { Counts } from '../../src/core/evidence/counts.ts'
import type { ConsumerFacts, Observation, VersionFacts } from '../../src/core/rollout/observation.ts'
import { createQueueState } from '../../src/core/rollout/queue-state.ts'
import type { Command, CommandKind, QueueState } from '../../src/core/rollout/queue-state.ts'
import type { Rollout } from '../../src/core/rollout/rollout.ts'
import { startRollout } from '../../src/core/rollout/start.ts'

export const at = '2030-01-01T00:00:00.000Z'

/** The document of a queue whose stable version is `v1`, with a rollout of `v2` that has just started. */
export function buildState(parts: Partial<Rollout> = {}): QueueState & { readonly rollout: Rollout } {
  const request = { id: 'r1', canary: 'v2', policyDigest: 'sha256:1', at, force: false }
  const started = startRollout(createQueueState('g1', 'v1'), request)
  if (!started.ok || started.state.rollout === undefined) throw new Error('the rollout of the test did not start')
  return { ...started.state, rollout: { ...started.state.rollout, ...parts } }
}

export function buildRollout(parts: Partial<Rollout> = {}): Rollout {
  return buildState(parts).rollout
}

export function counts(some: Partial<Counts>): Counts {
  return { ...noCounts, ...some }
}

/** A version without consumers and messages, with what is given instead. */
export function facts(parts: Partial<VersionFacts> = {}): VersionFacts {
  return {
    live: 0,
    ready: 0,
    undrained: 0,
    holding: 0,
    unaware: 0,
    inFlight: 0,
    capacity: 0,
    signedOff: 0,
    counts: noCounts,
    durations: {},
    errors: {},
    dead: [],
    eventLoopDelayMs: undefined,
    consumers: [],
    ...parts,
  }
}

/** One ready consumer of each version, nothing taken yet, nothing in the hand-back queue; with what is given instead. */
export function observation(parts: Partial<Observation> = {}): Observation {
  const one = { live: 1, ready: 1, undrained: 1, capacity: 10 }
  return {
    stable: facts(one),
    canary: facts({ ...one, consumers: [consumer()] }),
    handBackBacklog: 0,
    backlog: 0,
    oldestAgeMs: undefined,
    handsBack: false,
    cohorts: {},
    handlerTimeoutMs: 30_000,
    external: {},
    freeze: undefined,
    peers: {},
    ...parts,
  }
}

export function consumer(parts: Partial<ConsumerFacts> = {}): ConsumerFacts {
  return { id: 'c1', ready: true, capacity: 10, inFlight: 0, taken: 0, harmed: 0, ...parts }
}

export function buildCommand(kind: CommandKind, parts: Partial<Command> = {}): Command {
  return { id: `${kind}-1`, rollout: 'r1', kind, full: false, reason: '', ...parts }
}
