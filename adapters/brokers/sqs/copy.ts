import type { SendMessageCommandInput } from '@aws-sdk/client-sqs'
import type { HandBackNote, RetryNote } from '../../../src/contracts/broker.ts'
import type { QueueAddress } from './address.ts'
import type { Received } from './message.ts'
import { writeNote } from './note.ts'
import type { Note } from './note.ts'
import { retrySeconds } from './pauses.ts'
import { wholeNumber } from './queue-settings.ts'

type Copy = Omit<SendMessageCommandInput, 'QueueUrl'>

/** The message as it goes to the hand-back queue: body, attributes, group, and the note. */
export function handBackCopy(received: Received, note: HandBackNote, to: QueueAddress): Copy {
  return notedCopy(received, to, { handedBack: note, putOff: received.putOff })
}

/** The message as it goes to the end of the main queue because nobody accepts it yet. A FIFO queue delays no single message. */
export function putOffCopy(
  received: Received,
  { attempts, waits, version, delayMs }: RetryNote,
  to: QueueAddress,
): Copy {
  const copy = notedCopy(received, to, { handedBack: undefined, putOff: { attempts, waits, version } })
  return to.isFifo ? copy : { ...copy, DelaySeconds: retrySeconds(delayMs) }
}

function notedCopy(received: Received, to: QueueAddress, note: Pick<Note, 'handedBack' | 'putOff'>): Copy {
  const { attributes, message, raw } = received
  const sentAt = message.enqueuedAt?.getTime() ?? wholeNumber(raw.Attributes?.SentTimestamp)
  return copyOf(received, to, writeNote(attributes, { ...note, id: message.id, sentAt }))
}

/** The message as it goes to the dead-letter queue: as its publisher wrote it. */
export function deadLetterCopy(received: Received, to: QueueAddress): Copy {
  return copyOf(received, to, received.attributes)
}

/** The message as it goes to the end of its own queue, where nobody has received it yet. */
export function freshCopy(received: Received, to: QueueAddress): Copy {
  return copyOf(received, to, received.raw.MessageAttributes)
}

/**
 * A copy that is sent again because no answer came must be dropped by a FIFO queue, and one of a later delivery must not: so the receive count is part
 * of its deduplication id.
 */
function copyOf({ raw, receives }: Received, to: QueueAddress, attributes: Copy['MessageAttributes']): Copy {
  const { MessageGroupId: group, AWSTraceHeader: trace } = raw.Attributes ?? {}
  return {
    MessageBody: raw.Body,
    MessageAttributes: attributes,
    ...(trace !== undefined && {
      MessageSystemAttributes: { AWSTraceHeader: { DataType: 'String', StringValue: trace } },
    }),
    ...(to.isFifo
      ? { MessageGroupId: group ?? raw.MessageId, MessageDeduplicationId: `${raw.MessageId}-${receives}` }
      : group !== undefined && { MessageGroupId: group }),
  }
}
