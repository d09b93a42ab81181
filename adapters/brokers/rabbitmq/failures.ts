import type { LinkState } from '../../../src/contracts/broker.ts'
import { QueueCanaryError } from '../../../src/errors.ts'
import type { ErrorCode } from '../../../src/errors.ts'

/** What a failure is about, in words that may appear in a message. */
export interface Place {
  readonly server: string
  readonly queue?: string
}

/**
 * Any failure of amqplib or the socket as an error of the framework. Texts of the broker may name users, so only its reply codes are repeated.
 */
export function brokerError(error: unknown, place: Place): QueueCanaryError {
  if (error instanceof QueueCanaryError) return error.code === 'TIMED_OUT' ? silent(error, place) : error
  const reply = replyCode(error)
  if (reply === 404 && !isNoQueue(error)) {
    const found = `${subject(place)} cannot be used: its node is down, or it has crashed or stopped (404)`
    return new QueueCanaryError('BROKER_UNREACHABLE', found, { cause: reply })
  }
  const known = reply === undefined ? undefined : replies[reply]
  if (known !== undefined)
    return new QueueCanaryError(known.code, `${subject(place)} ${known.text} (${reply})`, { cause: reply })
  if (reply !== undefined) {
    const why = isHeldTooLong(error) ? `: a message was held ${tooLong}` : ''
    return new QueueCanaryError('BROKER_UNREACHABLE', `${place.server} closed the link with code ${reply}${why}`)
  }
  const text = failureText(error)
  if (text === noChannelsLeft) {
    const found = `${place.server} allows no further channel on this connection`
    return new QueueCanaryError('BROKER_REFUSED', found, { cause: text })
  }
  return new QueueCanaryError('BROKER_UNREACHABLE', `${place.server} is not reachable: ${text}`, { cause: error })
}

/** A limit of connections or channels may pass by itself; a virtual host that is missing or denied looks the same. */
export function isLimit({ cause }: QueueCanaryError): boolean {
  return cause === 530 || cause === noChannelsLeft
}

const noChannelsLeft = 'No channels left to allocate'

/** The broker has taken a consumer off, and is there. */
export function cancelledConsumer({ server }: Place): QueueCanaryError {
  const why = `its queue was deleted, moved or closed to it, or it held a message ${tooLong}`
  return new QueueCanaryError('BROKER_UNREACHABLE', `${server} cancelled the consumer: ${why}`)
}

/** A message that amqplib cannot encode. Its texts may hold values of headers, so none is repeated. */
export function unsendable(error: unknown, queue: string): QueueCanaryError {
  const isLong = error instanceof RangeError && error.message.startsWith('Encoded field table')
  const why = isLong ? 'its headers need more than 64 KiB' : 'the client cannot encode its headers or properties'
  return new QueueCanaryError('BROKER_REFUSED', `a message cannot be sent to queue "${queue}": ${why}`)
}

/** How a failure shows at the sink. */
export function linkStateOf(error: QueueCanaryError): LinkState {
  if (error.code === 'QUEUE_MISSING') return 'missing'
  return error.code === 'BROKER_REFUSED' ? 'refused' : 'connecting'
}

/** The AMQP reply code, also of a handshake that the broker ended: there amqplib tells it in the text only. */
export function replyCode(error: unknown): number | undefined {
  if (!(error instanceof Error)) return undefined
  if ('code' in error && typeof error.code === 'number') return error.code
  const handshake = /^Handshake terminated by server: (\d{3}) /.exec(error.message)
  if (handshake !== null) return Number(handshake[1])
  // the answer to connection.open: unknown virtual host, no right to it, or a connection limit
  return error.message.startsWith('Expected ConnectionOpenOk; got <ConnectionClose') ? 530 : undefined
}

/** The same code tells of a queue that is there with its messages, and cannot be used: its node is down, or it has crashed or stopped. */
export function isNoQueue(error: unknown): boolean {
  return error instanceof Error && replyCode(error) === 404 && error.message.includes("NOT_FOUND - no queue '")
}

const replies: Readonly<Record<number, { readonly code: ErrorCode; readonly text: string }>> = {
  403: { code: 'BROKER_REFUSED', text: 'refuses access: check credentials, rights and exclusive consumers' },
  404: { code: 'QUEUE_MISSING', text: 'does not exist' },
  405: { code: 'BROKER_REFUSED', text: 'is locked by an exclusive owner' },
  530: { code: 'BROKER_REFUSED', text: 'refuses the request: check virtual host, rights and connection limits' },
  540: { code: 'BROKER_REFUSED', text: 'does not support the request' },
}

function isHeldTooLong(error: unknown): boolean {
  return error instanceof Error && /delivery acknowledgement .* timed out/.test(error.message)
}

const tooLong = 'for longer than its consumer_timeout allows'

/** Several addresses that were tried in vain make an error whose only text is its code. */
function failureText(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown failure'
  if (error.message !== '') return error.message
  return 'code' in error && typeof error.code === 'string' ? error.code : error.name
}

function subject({ server, queue }: Place): string {
  return queue === undefined ? server : `queue "${queue}" on ${server}`
}

function silent(error: QueueCanaryError, place: Place): QueueCanaryError {
  return new QueueCanaryError('BROKER_UNREACHABLE', `${place.server}: ${error.message}`)
}
