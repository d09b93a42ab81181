import type { Passage } from '../../../src/contracts/broker.ts'
import type { BrokerMessage } from '../../../src/contracts/message.ts'
import { kindOf, schemaHeader } from '../scenario/contract.ts'
import { handBackName } from './broker-model.ts'
import type { Dispatch } from './stored-message.ts'

/** Payloads are marked, so that one that turns up where it must not is found. */
export const payloadMark = 'PAYLOAD-OF-A-CUSTOMER'

/** What a handler gets. The headers say which delivery it is, for whoever checks. */
export function messageOf({ message, queue, number }: Dispatch, deliveryCount: number): BrokerMessage {
  return {
    id: message.id,
    body: Buffer.from(`{"text":"${payloadMark}","id":"${message.id}"}`),
    headers: {
      dispatch: number,
      source: queue === handBackName ? 'handBack' : 'queue',
      [schemaHeader]: kindOf(message.id),
    },
    deliveryCount,
    redelivered: message.deliveries > 1,
    group: message.group,
    enqueuedAt: undefined,
  }
}

export function passageOf({ message, queue }: Dispatch): Passage {
  const isFromHandBack = queue === handBackName
  const { handedBack, retried, deadFrom } = message
  return {
    handedBack: isFromHandBack ? handedBack : undefined,
    dead: (!isFromHandBack && deadFrom === handBackName) || retried?.dead === true,
    retried: retried && { ...retried },
  }
}
