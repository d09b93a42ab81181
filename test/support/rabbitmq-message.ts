import type { ConsumeMessage } from 'amqplib'

/** A message as amqplib delivers it. */
export function consumed(
  properties: Partial<ConsumeMessage['properties']> = {},
  { redelivered = false, body = 'body' }: { redelivered?: boolean; body?: string } = {},
): ConsumeMessage {
  return {
    content: Buffer.from(body),
    fields: { deliveryTag: 1, redelivered, exchange: '', routingKey: 'orders', consumerTag: 'tag' },
    properties: { ...absent, headers: {}, ...properties },
  }
}

const absent: ConsumeMessage['properties'] = {
  contentType: undefined,
  contentEncoding: undefined,
  headers: undefined,
  deliveryMode: undefined,
  priority: undefined,
  correlationId: undefined,
  replyTo: undefined,
  expiration: undefined,
  messageId: undefined,
  timestamp: undefined,
  type: undefined,
  userId: undefined,
  appId: undefined,
  clusterId: undefined,
}
