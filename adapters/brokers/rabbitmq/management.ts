import type { Address } from './address.ts'

/** What only the management API tells of a queue. Undefined: it does not tell. */
export interface ManagementFacts {
  /** Name of the exchange, also where a policy sets it. */
  readonly deadLetterExchange: string | undefined
  readonly deliveryLimit: number | undefined
  /** After how many milliseconds without use a policy ends the queue. */
  readonly policyExpires: number | undefined
  readonly exclusiveConsumer: boolean
}

/** Asks with the credentials of the connection, briefly: most operators do not open that port to workers. Never rejects. */
export async function askManagement({ amqp }: Address, queue: string): Promise<ManagementFacts | undefined> {
  const [scheme, port] = amqp.protocol === 'amqps' ? ['https', 15_671] : ['http', 15_672]
  const host = amqp.hostname?.includes(':') === true ? `[${amqp.hostname}]` : amqp.hostname
  const credentials = Buffer.from(`${amqp.username}:${amqp.password}`).toString('base64')
  try {
    const response = await fetch(`${scheme}://${host}:${port}/api/queues/${amqp.vhost}/${encodeURIComponent(queue)}`, {
      headers: { authorization: `Basic ${credentials}` },
      signal: AbortSignal.timeout(2_000),
      redirect: 'error',
    })
    return response.ok ? factsIn(await response.json()) : undefined
  } catch {
    return undefined
  }
}

/** Facts in the answer; exported for tests. */
export function factsIn(answer: unknown): ManagementFacts | undefined {
  if (!isRecord(answer) || !isRecord(answer['arguments'])) return undefined
  const effective = answer['effective_policy_definition']
  const policy = isRecord(effective) ? effective : {}
  const setting = (name: string): unknown => Object(answer['arguments'])[`x-${name}`] ?? policy[name]
  const [exchange, limit] = [setting('dead-letter-exchange'), setting('delivery-limit')]
  const consumers: unknown = answer['consumer_details']
  return {
    deadLetterExchange: typeof exchange === 'string' ? exchange : undefined,
    deliveryLimit: typeof limit === 'number' ? limit : undefined,
    policyExpires: typeof policy['expires'] === 'number' ? policy['expires'] : undefined,
    exclusiveConsumer: Array.isArray(consumers) && consumers.some((one) => isRecord(one) && one['exclusive'] === true),
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null
}
