import { Socket } from 'node:net'
import type { ChannelModel } from 'amqplib'

/**
 * Whether small writes of the connection leave at once. Round trips need that: the answer to half a request waits for the other half. A stream
 * of acks asks for no answer, and costs both sides less in larger pieces (measured on a classic queue: a quarter more messages a second).
 */
export function sendAtOnce({ connection }: ChannelModel, atOnce: boolean): void {
  const stream: unknown = Reflect.get(connection, 'stream')
  if (stream instanceof Socket) stream.setNoDelay(atOnce)
}
