import { QueueCanaryError } from '../../../src/errors.ts'

/** Where one queue is. It may appear in messages: it holds no credentials. */
export interface QueueAddress {
  /** As requests name it. */
  readonly url: string
  readonly name: string
  /** Scheme and host of the service. */
  readonly endpoint: string
  /** undefined: the SDK's settings say it. */
  readonly region: string | undefined
  /** Its name ends in `.fifo`, which is the rule of SQS for such queues. */
  readonly isFifo: boolean
}

/** Throws `ENVIRONMENT_INVALID`, without any part of the URL. */
export function parseQueueUrl(text: string): QueueAddress {
  const address = readQueueUrl(text)
  if (address === undefined) throw invalid()
  return address
}

/** undefined where it is no URL of a queue. */
export function readQueueUrl(text: string): QueueAddress | undefined {
  const url = URL.canParse(text) ? new URL(text) : undefined
  const name = url && isUsable(url) ? /\/[^/]+\/([^/]+)$/.exec(url.pathname)?.[1] : undefined
  if (url === undefined || name === undefined || !isQueueName(name)) return undefined
  const region = url.searchParams.get('region') ?? regionOf(url.hostname)
  return { url: `${url.origin}${url.pathname}`, name, endpoint: url.origin, region, isFifo: name.endsWith('.fifo') }
}

/** A queue that is named by its URL, or, in the same account and region, by its name; undefined where it is neither. */
export function readSibling(queue: string, beside: QueueAddress): QueueAddress | undefined {
  if (queue.includes('://')) return readQueueUrl(queue)
  return isQueueName(queue) ? neighbour(queue, beside) : undefined
}

/** A queue of the same account and region, by its name. */
export function neighbour(name: string, beside: QueueAddress): QueueAddress {
  return { ...beside, url: beside.url.replace(/[^/]+$/, name), name, isFifo: name.endsWith('.fifo') }
}

/** @see https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_CreateQueue.html */
function isQueueName(name: string): boolean {
  return name.length <= 80 && /^[\w-]+(\.fifo)?$/.test(name)
}

function isUsable({ protocol, username, password, hash, searchParams }: URL): boolean {
  const known = [...searchParams.keys()].every((key) => key === 'region')
  const region = searchParams.get('region') ?? 'none'
  return /^https?:$/.test(protocol) && `${username}${password}${hash}` === '' && known && /^[a-z\d-]+$/.test(region)
}

/** `sqs.eu-west-1.amazonaws.com`, `eu-west-1.queue.amazonaws.com`, and what emulators and private endpoints make of them. */
function regionOf(host: string): string | undefined {
  return (
    /(?:^|\.)(?:sqs|sqs-fips)\.([a-z]{2}(?:-[a-z]+)+-\d)\./.exec(host)?.[1] ??
    /^([a-z]{2}(?:-[a-z]+)+-\d)\.queue\./.exec(host)?.[1]
  )
}

function invalid(): QueueCanaryError {
  return new QueueCanaryError(
    'ENVIRONMENT_INVALID',
    'SQS URL: expected https://sqs.<region>.amazonaws.com/<account>/<queue>, without credentials, and with ?region= where the host does not name it',
  )
}
