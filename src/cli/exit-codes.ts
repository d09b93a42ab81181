import { isQueueCanaryError } from '../errors.ts'
import type { ErrorCode } from '../errors.ts'
import type { Phase } from '../core/rollout/rollout.ts'

/** What the process ends with. People script against these numbers. */
export const exitCodes = {
  done: 0,
  unexpected: 1,
  /** Usage, configuration, or a refusal that a person has to mend. */
  refused: 2,
  rolledBack: 3,
  held: 4,
  timedOut: 5,
  unreachable: 6,
  /** As a shell reports a command that Ctrl-C ended. */
  interrupted: 130,
} as const
export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes]

export function exitCodeOf(error: unknown): ExitCode {
  return isQueueCanaryError(error) ? exitCodeOfCode(error.code) : exitCodes.unexpected
}

export function exitCodeOfCode(code: ErrorCode): ExitCode {
  return exitCodes[outcomeOf[code]]
}

/** What a rollout in this phase means to whoever waits for its end; undefined while it goes on. */
export function exitCodeOfPhase(phase: Phase | null, exitOnPause: boolean): ExitCode | undefined {
  if (phase === 'Succeeded') return exitCodes.done
  if (phase === 'RolledBack') return exitCodes.rolledBack
  const held = phase === 'Paused' || phase === 'WaitingPromotion'
  return held && exitOnPause ? exitCodes.held : undefined
}

const outcomeOf: Readonly<Record<ErrorCode, keyof typeof exitCodes>> = {
  BROKER_UNREACHABLE: 'unreachable',
  BROKER_REFUSED: 'refused',
  QUEUE_MISSING: 'refused',
  HAND_BACK_FAILED: 'unreachable',
  RETRY_FAILED: 'unreachable',
  STORE_UNREACHABLE: 'unreachable',
  STORE_REFUSED: 'refused',
  RECORD_INVALID: 'unexpected',
  RECORD_TOO_LARGE: 'unexpected',
  POLICY_INVALID: 'refused',
  POLICY_UNSUPPORTED: 'refused',
  ENVIRONMENT_INVALID: 'refused',
  HTTP_ADDRESS_REFUSED: 'refused',
  HANDLER_INVALID: 'refused',
  WARM_UP_FAILED: 'unexpected',
  COMMAND_REFUSED: 'refused',
  NOT_FOUND: 'refused',
  USAGE: 'refused',
  TIMED_OUT: 'timedOut',
}
