import type { LinkState } from '../../../src/contracts/broker.ts'
import { isQueueCanaryError, QueueCanaryError } from '../../../src/errors.ts'
import type { ErrorCode } from '../../../src/errors.ts'

/** What a failure is about, in words that may appear in a message. */
export interface Attempt {
  readonly queue: string
  /** The action of SQS, as its permissions name it. */
  readonly action: string
}

/**
 * Any failure of the SDK as an error of the framework. Texts of AWS name users, keys and resources, so only the names of its errors are repeated.
 * What is wrong with credentials or the clock of this machine is the broker's matter, never that of a version. The cause is the name.
 */
export function brokerError(error: unknown, { queue, action }: Attempt): QueueCanaryError {
  if (error instanceof QueueCanaryError) return error.code === 'TIMED_OUT' ? silent(error, { queue, action }) : error
  if (isRegionMissing(error)) return new QueueCanaryError('BROKER_REFUSED', `queue "${queue}" ${regionMissing}`)
  const name = errorName(error)
  const known = meaningOf(name)
  if (known !== undefined)
    return new QueueCanaryError(known.code, `queue "${queue}" ${known.text(action)} (${name})`, { cause: name })
  const bytes = sizeLimit(error)
  if (bytes !== undefined)
    return new QueueCanaryError('BROKER_REFUSED', `queue "${queue}" takes no message of more than ${bytes} bytes`)
  const status = statusOf(error)
  if (isAnsweredNo(status)) {
    return new QueueCanaryError(
      'BROKER_REFUSED',
      `queue "${queue}": sqs:${action} was refused with ${name} (${status})`,
    )
  }
  const found = status === undefined ? `${name}${systemCode(error)}` : `${name} (${status})`
  return new QueueCanaryError('BROKER_UNREACHABLE', `queue "${queue}": sqs:${action} was not answered: ${found}`)
}

/** What befell one entry of a batch, by the name that SQS gives it. */
export function entryError(name: string, attempt: Attempt): QueueCanaryError {
  return brokerError(Object.assign(new Error(name), { name }), attempt)
}

/** Why there were no credentials for a request, which was not sent. */
export function credentialsError(error: unknown, attempt: Attempt): QueueCanaryError {
  if (!isQueueCanaryError(error, 'TIMED_OUT')) return brokerError(error, attempt)
  const found = `queue "${attempt.queue}": sqs:${attempt.action} was not sent, as there were no credentials in time`
  return new QueueCanaryError('BROKER_UNREACHABLE', `${found}: look at where they come from (${error.message})`)
}

function silent(error: QueueCanaryError, { queue, action }: Attempt): QueueCanaryError {
  return new QueueCanaryError('BROKER_UNREACHABLE', `queue "${queue}": sqs:${action}: ${error.message}`)
}

export function closedError(): QueueCanaryError {
  return new QueueCanaryError('BROKER_REFUSED', 'the broker object was closed')
}

/** Why a message could not be handed back: `BROKER_REFUSED` where another try would fail too, until a person mends something. */
export function handBackError(error: unknown): QueueCanaryError {
  const reason = error instanceof Error ? error.message : 'unknown failure'
  if (isQueueCanaryError(error) && !error.retryable && meaningOf(error.cause)?.passes !== true)
    return new QueueCanaryError('BROKER_REFUSED', `hand-back refused: ${reason}`, { cause: error })
  return new QueueCanaryError('HAND_BACK_FAILED', `hand-back not confirmed: ${reason}`, { cause: error })
}

/** An answer all the same: SQS is there, and gives nothing now. */
export function isThrottled({ cause }: QueueCanaryError): boolean {
  return typeof cause === 'string' && throttled.test(cause)
}

/** How a failure shows at the sink. */
export function linkStateOf({ code }: QueueCanaryError): LinkState {
  if (code === 'QUEUE_MISSING') return 'missing'
  return code === 'BROKER_REFUSED' ? 'refused' : 'connecting'
}

/** What SQS says of a receipt that is not good any more, and of a message that is not in flight. */
export function isStaleReceipt(name: string): boolean {
  return /ReceiptHandleIsInvalid|MessageNotInflight|InvalidParameterValue|InvalidIdFormat/.test(name)
}

export function errorName(error: unknown): string {
  const name = error instanceof Error ? error.name : 'unknown failure'
  return /^[\w.#:-]{1,80}$/.test(name) ? name : 'unknown failure'
}

const regionMissing =
  'has no region: neither its URL nor the settings of AWS say one. Append ?region=REGION to the URL, or set AWS_REGION'

/** The SDK gives it no name of its own. */
function isRegionMissing(error: unknown): boolean {
  return error instanceof Error && error.message === 'Region is missing'
}

interface Meaning {
  readonly names: RegExp
  readonly code: ErrorCode
  readonly text: (action: string) => string
  /** It is refused now, and may not be soon: nobody has to do anything. */
  readonly passes?: true
}

const throttled = /Throttl|TooManyRequests|OverLimit|SlowDown|LimitExceeded/

/** @see https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/CommonErrors.html */
const meanings: readonly Meaning[] = [
  {
    names: /QueueDoesNotExist|NonExistentQueue|QueueDeletedRecently/,
    code: 'QUEUE_MISSING',
    text: () => 'does not exist',
  },
  {
    names: throttled,
    code: 'BROKER_UNREACHABLE',
    text: (action) => `is throttled: sqs:${action}`,
  },
  {
    names: /ExpiredToken|TokenRefreshRequired|CredentialsProviderError|TokenProviderError/,
    code: 'BROKER_REFUSED',
    text: () => 'cannot be reached with these credentials: they have expired, or there are none',
    passes: true,
  },
  {
    names: /RequestTimeTooSkewed|RequestExpired|RequestInTheFuture|InvalidSignatureException/,
    code: 'BROKER_REFUSED',
    text: () => 'refuses the signature: check the clock of this machine, and the credentials',
    passes: true,
  },
  {
    names:
      /SignatureDoesNotMatch|InvalidClientTokenId|UnrecognizedClient|InvalidAccessKeyId|MissingAuthenticationToken|InvalidSecurity/,
    code: 'BROKER_REFUSED',
    text: () => 'does not accept these credentials',
  },
  {
    names:
      /AccessDenied|NotAuthorized|OptInRequired|KmsAccessDenied|KmsDisabled|KmsInvalid|KmsNotFound|KmsOptInRequired/,
    code: 'BROKER_REFUSED',
    text: (action) => `refuses access: grant sqs:${action}, and the use of its key where it is encrypted`,
  },
]

function meaningOf(name: unknown): Meaning | undefined {
  return typeof name === 'string' ? meanings.find(({ names }) => names.test(name)) : undefined
}

/** SQS has no name for a message that is too large, only a text. */
function sizeLimit(error: unknown): string | undefined {
  return error instanceof Error ? /Message must be shorter than (\d+) bytes/.exec(error.message)?.[1] : undefined
}

/** An answer that trying again does not change: the client's fault, by its status. */
function isAnsweredNo(status: number | undefined): boolean {
  return status !== undefined && status >= 400 && status < 500 && status !== 408 && status !== 429
}

function statusOf(error: unknown): number | undefined {
  if (typeof error !== 'object' || error === null || !('$metadata' in error)) return undefined
  const { $metadata: metadata } = error
  if (typeof metadata !== 'object' || metadata === null || !('httpStatusCode' in metadata)) return undefined
  return typeof metadata.httpStatusCode === 'number' ? metadata.httpStatusCode : undefined
}

/** `ECONNREFUSED` and the like; never an address. */
function systemCode(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  return typeof code === 'string' && /^[A-Z_]{2,40}$/.test(code) ? ` (${code})` : ''
}
