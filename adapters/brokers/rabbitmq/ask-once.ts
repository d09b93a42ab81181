import type { Channel, ChannelModel } from 'amqplib'
import type { Clock } from '../../../src/contracts/clock.ts'
import { waits, withDeadline } from './timing.ts'

/** Asks the broker over a channel of its own: a "no" closes the channel, and it should close no other. Rejects with amqplib's error. */
export async function askOnce<T>(model: ChannelModel, clock: Clock, ask: (channel: Channel) => Promise<T>): Promise<T> {
  const channel = await openChannel(model.createChannel(), clock)
  let closed = false
  channel.on('error', () => undefined)
  channel.on('close', () => (closed = true))
  try {
    return await withDeadline(ask(channel), waits.answer, clock)
  } finally {
    if (!closed) channel.close().catch(() => undefined)
  }
}

/** The channel that is being opened, within a deadline. Rejects with amqplib's error. */
export async function openChannel<C extends Channel>(opening: Promise<C>, clock: Clock): Promise<C> {
  try {
    return await withDeadline(opening, waits.answer, clock)
  } catch (error) {
    // an answer that comes late would leave a channel that nobody owns
    opening.then((channel) => channel.close()).catch(() => undefined)
    throw error
  }
}
