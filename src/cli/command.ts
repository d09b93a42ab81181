import type { CommandKind } from '../core/rollout/queue-state.ts'
import type { CommandName } from './help.ts'

/** What the user wants, with everything that it needs. */
export type Command =
  | { readonly kind: 'help'; readonly topic: CommandName | undefined }
  | { readonly kind: 'version' }
  | { readonly kind: 'worker'; readonly place: Place }
  | StartCommand
  | StatusCommand
  | OperateCommand
  | AgainCommand
  | { readonly kind: 'policy'; readonly args: readonly string[]; readonly json: boolean }
  | { readonly kind: 'doctor'; readonly json: boolean; readonly place: Place }
  | { readonly kind: 'demo' }

/** What overrides the environment. */
export interface Place {
  readonly store: string | undefined
  readonly namespace: string | undefined
}

export interface Waiting {
  readonly watch: boolean
  readonly timeoutMs: number | undefined
  readonly exitOnPause: boolean
}

export interface StartCommand extends Waiting {
  readonly kind: 'start'
  /** At least one; several are one rollout. */
  readonly queues: readonly string[]
  readonly version: string
  /** Path of the policy file. */
  readonly policy: string
  readonly force: boolean
  readonly json: boolean
  readonly place: Place
}

export interface StatusCommand {
  readonly kind: 'status'
  readonly queue: string | undefined
  readonly watch: boolean
  readonly json: boolean
  readonly place: Place
}

export interface OperateCommand {
  readonly kind: 'operate'
  readonly wish: CommandKind
  readonly queue: string
  readonly full: boolean
  readonly reason: string
  readonly json: boolean
  readonly place: Place
}

/** A rollout of a version that the queue has seen before. */
export interface AgainCommand extends Waiting {
  readonly kind: 'retry' | 'undo'
  readonly queue: string
  readonly json: boolean
  readonly place: Place
}
