import type { ChannelModel, Options } from 'amqplib'
import type { Clock } from '../../../src/contracts/clock.ts'
import { QueueCanaryError } from '../../../src/errors.ts'
import { askOnce } from './ask-once.ts'
import { brokerError, replyCode } from './failures.ts'
import type { Place } from './failures.ts'
import type { HandBackOption } from './options.ts'

export interface HandBackSetting {
  readonly option: HandBackOption
  /** The server and the hand-back queue. */
  readonly place: Required<Place>
  readonly mainQueue: string
  readonly clock: Clock
}

/** Makes sure that the hand-back queue is there. Rejects with `BROKER_REFUSED` or `BROKER_UNREACHABLE`. */
export async function prepareHandBackQueue(model: ChannelModel, setting: HandBackSetting): Promise<void> {
  const { place, clock, option } = setting
  try {
    if (option.kind === 'create') await declare(model, setting)
    else await askOnce(model, clock, (channel) => channel.checkQueue(place.queue))
  } catch (error) {
    const trouble = brokerError(error, place)
    if (trouble.code !== 'QUEUE_MISSING') throw trouble
    throw new QueueCanaryError('BROKER_REFUSED', `${trouble.message}: declare the hand-back queue`, { cause: trouble })
  }
}

/**
 * What is rejected in the hand-back queue, expires or exceeds its delivery limit returns to the main queue with a record of that, which a
 * consumer recognises. Quorum queues do so without loss: they keep the message until the main queue has it.
 */
export function handBackArguments(mainQueue: string, type: 'quorum' | 'classic'): Options.AssertQueue {
  const deadLetter = { 'x-dead-letter-exchange': '', 'x-dead-letter-routing-key': mainQueue }
  const safe = { 'x-queue-type': 'quorum', 'x-dead-letter-strategy': 'at-least-once', 'x-overflow': 'reject-publish' }
  return { durable: true, arguments: type === 'quorum' ? { ...deadLetter, ...safe } : deadLetter }
}

/** A durable classic queue where the broker has no quorum queues, or made one at an earlier time. */
async function declare(model: ChannelModel, { place, mainQueue, clock }: HandBackSetting): Promise<void> {
  const assert = (type: 'quorum' | 'classic') =>
    askOnce(model, clock, (channel) => channel.assertQueue(place.queue, handBackArguments(mainQueue, type)))
  try {
    await assert('quorum')
  } catch (error) {
    const reply = replyCode(error)
    if (reply === undefined || reply === 403 || reply === 405) throw error
    await assert('classic').catch((second: unknown) => {
      throw replyCode(second) === 406 ? inequivalent(place) : second
    })
  }
}

function inequivalent({ queue, server }: Required<Place>): QueueCanaryError {
  return new QueueCanaryError(
    'BROKER_REFUSED',
    `queue "${queue}" on ${server} exists with other arguments than a hand-back queue needs: delete it, or name another one`,
  )
}
