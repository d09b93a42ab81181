import type { BatchSettings } from '../../../src/contracts/handler.ts'
import type { CommandKind } from '../../../src/core/rollout/queue-state.ts'
import type { Phase } from '../../../src/core/rollout/rollout.ts'
import type { ProfileName } from '../broker/profiles.ts'
import type { Trouble } from '../store/store-client.ts'
import type { Pause } from '../time/container.ts'
import type { Contract } from './contract.ts'

/** Everything that a run depends on. Plain data: the same scenario gives the same run, on the same commit. */
export interface Scenario {
  readonly seed: number
  readonly profile: ProfileName
  /** False: what the canary fails is returned to the queue. */
  readonly handsBack: boolean
  /** The broker keeps failed messages until their next attempt; false: workers do. */
  readonly keepsRetries: boolean
  /** One way, in milliseconds. */
  readonly network: { readonly leastMs: number; readonly mostMs: number }
  readonly store: { readonly least: number; readonly most: number }
  readonly workers: readonly WorkerPlan[]
  /** Two queues, as one rollout. */
  readonly isGroup: boolean
  /** As a policy file holds it. */
  readonly policy: PolicyFile
  readonly messagesPerSecond: number
  /** What versions accept. undefined: everything. */
  readonly contract: Contract | undefined
  /** Handlers take messages together. undefined: one by one. */
  readonly batch: BatchSettings | undefined
  readonly quality: Quality
  readonly rolloutAtMs: number
  readonly commands: readonly CommandPlan[]
  /** So long after the end, what was promoted is undone, or what was rolled back tried again. undefined: neither. */
  readonly againAfterMs: number | undefined
  readonly faults: readonly Fault[]
  /** A container of a retired version is started again, as by whoever restarts what has ended. */
  readonly restartsRetired: boolean
}

/** What every worker of every scenario is told. */
export const workerLimits = {
  maxAttempts: 3,
  handlerTimeoutMs: 2_000,
  drainTimeoutMs: 5_000,
  warmUpTimeoutMs: 5_000,
  outagePatienceMs: 10_000,
} as const

/** What waits longer than a second waits at the broker. */
export function retryDelayMs({ keepsRetries }: Pick<Scenario, 'keepsRetries'>): number {
  return keepsRetries ? 800 : 50
}

/** The parts that a check asks for. */
export interface PolicyFile {
  readonly onInsufficientData: string
  readonly analysis: { readonly interval: string; readonly metrics: readonly MetricFile[] }
  readonly [part: string]: unknown
}

export interface MetricFile {
  readonly name: string
  readonly promoteWithoutProof?: boolean
  readonly [setting: string]: unknown
}

export interface WorkerPlan {
  readonly name: string
  readonly version: string
  /** Hosts the canary too, in one process. */
  readonly isSolo: boolean
  readonly startsAtMs: number
  readonly concurrency: number
  readonly clockRate: number
  readonly wallOffsetMs: number
}

export function slotsOf(workers: readonly WorkerPlan[]): number {
  return workers.reduce((sum, { concurrency }) => sum + concurrency, 0)
}

/** Of the version that has fewer of them: the one in charge first, or the one on trial. */
export function fewestSlots(workers: readonly WorkerPlan[]): number {
  return Math.min(
    slotsOf(workers.filter(({ version }) => version === 'v1')),
    slotsOf(workers.filter(({ version, isSolo }) => version === 'v2' || isSolo)),
  )
}

/** Rates are fractions of messages, drawn by the message: one that is poison is so for everybody. */
export interface Quality {
  readonly handlerMs: { readonly least: number; readonly most: number }
  readonly stableFailures: number
  readonly canaryFailures: number
  readonly canarySlowness: number
  readonly poison: number
  /** Handlers of the canary that never return. */
  readonly canaryStuck: number
  /** An external metric of the policy: what its provider says. undefined: the policy has none. */
  readonly external: ExternalAnswer | undefined
}

/** Of the version on trial, which is never the quicker one. */
export function meanHandlerMs({ handlerMs, canarySlowness }: Quality): number {
  return ((handlerMs.least + handlerMs.most) / 2) * canarySlowness
}

export type ExternalAnswer = 'good' | 'bad' | 'nan' | 'noData' | 'error' | 'never'

/** At a time, or so long after a phase was reached for the first time. */
export type When = { readonly atMs: number } | { readonly phase: Phase; readonly afterMs: number }

export interface CommandPlan {
  readonly kind: CommandKind
  readonly full: boolean
  readonly when: When
}

/** A worker by its name, `leader`: who holds the lease when it happens, or `all` where a fault can strike all at once. */
export type Victim = string

export type Fault = { readonly when: When } & Mishap

export type Mishap =
  /** undefined: it never comes back. */
  | { readonly kind: 'crash'; readonly who: Victim; readonly restartAfterMs: number | undefined }
  | { readonly kind: 'pause'; readonly who: Victim; readonly forMs: number; readonly stands: Pause }
  | {
      readonly kind: 'terminate'
      readonly who: Victim
      readonly againAfterMs: number | undefined
      readonly restartAfterMs: number | undefined
    }
  | { readonly kind: 'lag'; readonly who: Victim; readonly forMs: number; readonly ms: number }
  | { readonly kind: 'wallJump'; readonly who: Victim; readonly byMs: number }
  | {
      readonly kind: 'cut'
      readonly who: Victim
      readonly clientNoticesMs: number
      readonly serverNoticesMs: number
      readonly awayMs: number
    }
  | { readonly kind: 'channelClosed'; readonly who: Victim }
  | { readonly kind: 'brokerDown'; readonly forMs: number }
  | { readonly kind: 'publishBlocked'; readonly forMs: number }
  | {
      readonly kind: 'storeTrouble'
      readonly who: Victim
      readonly forMs: number
      readonly trouble: Exclude<Trouble, 'none'>
    }
  | { readonly kind: 'storeSlow'; readonly who: Victim; readonly forMs: number; readonly ms: number }
  | { readonly kind: 'staleReads'; readonly who: Victim; readonly forMs: number; readonly staleMs: number }
  | { readonly kind: 'storeEmptied' }
  | { readonly kind: 'storeRestored'; readonly ageMs: number }
  | { readonly kind: 'outage'; readonly forMs: number }
  | { readonly kind: 'burst'; readonly messages: number }

export type FaultKind = Mishap['kind']
export type MishapOf<K extends FaultKind> = Extract<Mishap, { readonly kind: K }>

/** Nobody waits for who is gone any more. */
const foundDeadMs = 10_000

/** How long a fault lasts, from the moment when it happens. */
export function lastsMs(fault: Mishap): number {
  if ('forMs' in fault) return fault.forMs
  if ('restartAfterMs' in fault) return fault.restartAfterMs ?? foundDeadMs
  return 'awayMs' in fault ? fault.awayMs + Math.max(fault.clientNoticesMs, fault.serverNoticesMs) : 0
}

/** What the coordinator reads is so old, or its process so slow, while the fault lasts. */
export function latenessOf(fault: Mishap): number {
  if (fault.kind === 'lag') return fault.ms
  return fault.kind === 'staleReads' ? fault.staleMs : 0
}
