/** What the attributes of a queue say, as far as consuming it depends on them. */
export interface QueueSettings {
  /** Seconds that a received message is hidden from others; at least 1. */
  readonly visibilityS: number
  readonly redrive: Redrive | undefined
  /** Messages that can be received now. Counted by SQS with a delay of up to a minute. */
  readonly backlog: number
  /** The largest message that can be sent to it; undefined where that is not told. */
  readonly maxBytes: number | undefined
}

export interface Redrive {
  /** Its name: it is in the queue's own account and region. */
  readonly deadLetterQueue: string
  /** A message that was received so often goes to the dead-letter queue instead of being received again. */
  readonly maxReceiveCount: number
}

/** A queue may be set to 0, which means that its consumers name a time themselves. */
const usualVisibilityS = 30

export function readSettings(attributes: Readonly<Record<string, string>>): QueueSettings {
  const visibilityS = wholeNumber(attributes['VisibilityTimeout']) ?? 0
  return {
    visibilityS: visibilityS > 0 ? visibilityS : usualVisibilityS,
    redrive: readRedrive(attributes['RedrivePolicy']),
    backlog: wholeNumber(attributes['ApproximateNumberOfMessages']) ?? 0,
    maxBytes: wholeNumber(attributes['MaximumMessageSize']),
  }
}

/** `{"deadLetterTargetArn":"arn:aws:sqs:region:account:name","maxReceiveCount":5}`; the number may be a text. */
function readRedrive(policy: string | undefined): Redrive | undefined {
  const parsed = policy === undefined ? undefined : parseObject(policy)
  const arn = parsed?.['deadLetterTargetArn']
  const count = wholeNumber(parsed?.['maxReceiveCount'])
  const deadLetterQueue = typeof arn === 'string' ? /^arn:[^:]*:sqs:[^:]*:[^:]*:([^:]+)$/.exec(arn)?.[1] : undefined
  return deadLetterQueue === undefined || count === undefined ? undefined : { deadLetterQueue, maxReceiveCount: count }
}

function parseObject(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null ? { ...value } : undefined
  } catch {
    return undefined
  }
}

export function wholeNumber(value: unknown): number | undefined {
  const text = typeof value === 'number' ? String(value) : value
  return typeof text === 'string' && /^\d{1,15}$/.test(text) ? Number(text) : undefined
}
