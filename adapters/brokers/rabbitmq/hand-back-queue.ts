import type { ChannelModel } from 'amqplib'
import type { Clock } from '../../../src/contracts/clock.ts'
import { QueueCanaryError } from '../../../src/errors.ts'
import { askOnce } from './ask-once.ts'
import { declareQueue, passingOnArguments } from './declare-queue.ts'
import { brokerError } from './failures.ts'
import type { Place } from './failures.ts'
import type { HandBackOption } from './options.ts'

export interface HandBackSetting {
  readonly option: HandBackOption
  /** The server and the hand-back queue. */
  readonly place: Required<Place>
  readonly mainQueue: string
  readonly clock: Clock
}

/**
 * Makes sure that the hand-back queue is there. What is rejected in it, expires or exceeds its delivery limit returns to the main queue. Rejects
 * with `BROKER_REFUSED` or `BROKER_UNREACHABLE`.
 */
export async function prepareHandBackQueue(model: ChannelModel, setting: HandBackSetting): Promise<void> {
  const { place, clock, option, mainQueue } = setting
  try {
    if (option.kind === 'create') {
      const purpose = 'hand-back queue'
      await declareQueue(model, { place, clock, purpose, arguments: (type) => passingOnArguments(mainQueue, type) })
    } else await askOnce(model, clock, (channel) => channel.checkQueue(place.queue))
  } catch (error) {
    const trouble = brokerError(error, place)
    if (trouble.code !== 'QUEUE_MISSING') throw trouble
    throw new QueueCanaryError('BROKER_REFUSED', `${trouble.message}: declare the hand-back queue`, { cause: trouble })
  }
}
