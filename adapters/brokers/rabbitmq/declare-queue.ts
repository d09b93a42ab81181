import type { ChannelModel, Options, Replies } from 'amqplib'
import type { Clock } from '../../../src/contracts/clock.ts'
import { QueueCanaryError } from '../../../src/errors.ts'
import { askOnce } from './ask-once.ts'
import { replyCode } from './failures.ts'
import type { Place } from './failures.ts'

export interface Declaration {
  /** The server and the queue. */
  readonly place: Required<Place>
  readonly clock: Clock
  /** What it is for, in a message. */
  readonly purpose: string
  readonly arguments: (type: QueueType) => Record<string, unknown>
}

export type QueueType = 'quorum' | 'classic'

/** A durable classic queue where the broker has no quorum queues, or made one at an earlier time. Rejects with amqplib's error or `BROKER_REFUSED`. */
export async function declareQueue(model: ChannelModel, declaration: Declaration): Promise<Replies.AssertQueue> {
  const { place, clock } = declaration
  const assert = (type: QueueType) =>
    askOnce(model, clock, (channel) => channel.assertQueue(place.queue, optionsOf(declaration, type)))
  try {
    return await assert('quorum')
  } catch (error) {
    const reply = replyCode(error)
    if (reply === undefined || reply === 403 || reply === 405) throw error
    return await assert('classic').catch((second: unknown) => {
      throw replyCode(second) === 406 ? refused(second, declaration) : second
    })
  }
}

/**
 * What dies in a queue of ours goes on to another one, with a record of that, which a consumer recognises. Quorum queues do so without loss: they
 * keep the message until the other queue has it.
 */
export function passingOnArguments(to: string, type: QueueType): Record<string, unknown> {
  const deadLetter = { 'x-dead-letter-exchange': '', 'x-dead-letter-routing-key': to }
  const safe = { 'x-queue-type': 'quorum', 'x-dead-letter-strategy': 'at-least-once', 'x-overflow': 'reject-publish' }
  return type === 'quorum' ? { ...deadLetter, ...safe } : deadLetter
}

function optionsOf(declaration: Declaration, type: QueueType): Options.AssertQueue {
  return { durable: true, arguments: declaration.arguments(type) }
}

/** One code for two things: a queue that was declared otherwise, and a limit that allows no further one. */
function refused(error: unknown, { place: { queue, server }, purpose }: Declaration): QueueCanaryError {
  const subject = `queue "${queue}" on ${server}`
  const found = String(error).includes('inequivalent arg')
    ? `${subject} exists with other arguments than a ${purpose} needs: delete it, or name another one`
    : `${subject} may not be declared as ${purpose} (406): raise the limit of queues of its virtual host or user, or change the operator policy that forbids it`
  return new QueueCanaryError('BROKER_REFUSED', found)
}
