/**
 * Every failure that leaves the framework. `code` is stable and documented in the README; `retryable` says whether the same call may
 * succeed later without a person's help. Messages say what was expected, what was found and what to do; never a secret or a payload.
 */
export const errorCodes = [
  'BROKER_UNREACHABLE',
  'BROKER_REFUSED',
  'QUEUE_MISSING',
  'HAND_BACK_FAILED',
  'RETRY_FAILED',
  'STORE_UNREACHABLE',
  'STORE_REFUSED',
  'RECORD_INVALID',
  'RECORD_TOO_LARGE',
  'POLICY_INVALID',
  'POLICY_UNSUPPORTED',
  'ENVIRONMENT_INVALID',
  'HTTP_ADDRESS_REFUSED',
  'HANDLER_INVALID',
  'WARM_UP_FAILED',
  'COMMAND_REFUSED',
  'NOT_FOUND',
  'USAGE',
  'TIMED_OUT',
] as const
export type ErrorCode = (typeof errorCodes)[number]

const retryableCodes: ReadonlySet<ErrorCode> = new Set([
  'BROKER_UNREACHABLE',
  'HAND_BACK_FAILED',
  'RETRY_FAILED',
  'STORE_UNREACHABLE',
  'TIMED_OUT',
])

export class QueueCanaryError extends Error {
  override readonly name = 'QueueCanaryError'
  readonly code: ErrorCode
  readonly retryable: boolean

  constructor(code: ErrorCode, message: string, options?: { readonly cause?: unknown }) {
    super(message, options)
    this.code = code
    this.retryable = retryableCodes.has(code)
  }
}

/** True for an error of the framework, and for one code of it where `code` is given. */
export function isQueueCanaryError(error: unknown, code?: ErrorCode): error is QueueCanaryError {
  return error instanceof QueueCanaryError && (code === undefined || error.code === code)
}
