import type { Channel, ChannelModel } from 'amqplib'
import type { Clock } from '../../../src/contracts/clock.ts'
import { askOnce } from './ask-once.ts'
import { replyCode } from './failures.ts'

/** How a queue was declared. What a policy sets never shows. */
export interface QueueArguments {
  readonly durable: boolean
  readonly autoDelete: boolean
  readonly type: string
  /** The others, by their names. Absent ones are absent at the broker. */
  readonly others: Readonly<Record<string, Argument>>
}

export type Argument = string | number | boolean

/**
 * Reads the arguments of an existing queue without a right to the management API. AMQP gives none out, but refuses a declaration that
 * differs and names the first difference. What is declared here is impossible, so that it can neither match a queue nor create one.
 * Returns `denied` without the right to configure the queue, and undefined when the queue is gone or the broker answers otherwise.
 */
export async function readQueueArguments(
  model: ChannelModel,
  clock: Clock,
  queue: string,
): Promise<QueueArguments | 'denied' | undefined> {
  const known = { durable: true, autoDelete: false, others: new Map<string, Argument>() }
  let type: string | undefined
  for (let attempt = 0; attempt < mostAttempts; attempt++) {
    const { durable, autoDelete, others } = known
    const declaration = { durable, autoDelete, arguments: { ...Object.fromEntries(others), ...impossible(type) } }
    const error = await refusal(model, clock, (channel) => channel.assertQueue(queue, declaration))
    if (replyCode(error) === 403) return 'denied'
    const difference = differenceIn(error)
    if (difference === undefined) return undefined
    // RabbitMQ 3 has no type on record for a classic queue
    if (difference.name === 'x-queue-type') type = String(difference.current ?? 'classic')
    else note(known, difference)
    if (type !== undefined && (type !== 'quorum' || difference.name in limitBait)) {
      return { durable, autoDelete, type, others: Object.fromEntries(others) }
    }
  }
  return undefined
}

interface Difference {
  readonly name: string
  readonly current: Argument | undefined
}

/** The first difference that a refusal names; undefined for another text. `current` is undefined where the queue has no such argument. */
export function differenceIn(
  error: unknown,
): { readonly name: string; readonly current: Argument | undefined } | undefined {
  if (replyCode(error) !== 406 || !(error instanceof Error)) return undefined
  const [, name, value, type, bare] = inequivalence.exec(error.message) ?? []
  if (name === undefined) return undefined
  const text = value ?? bare
  return { name, current: text === undefined ? undefined : typed(text, type) }
}

const inequivalence =
  /inequivalent arg '([^']+)' for queue .* but current is (?:none|the value '(.*)' of type '(\w+)'|'(.*)')"$/

/** The error of a request that is expected to fail; undefined if it did not. */
export async function refusal(
  model: ChannelModel,
  clock: Clock,
  ask: (channel: Channel) => Promise<unknown>,
): Promise<unknown> {
  try {
    await askOnce(model, clock, ask)
    return undefined
  } catch (error) {
    return error
  }
}

export const noSuchType = 'queue-canary-probe'

/** A limit that no queue has, and an argument that no quorum queue may have: the broker compares the first and refuses to create with the second. */
const limitBait = { 'x-delivery-limit': noSuchType, 'x-max-age': noSuchType }

/** One declaration a named difference: there are some twenty arguments. */
const mostAttempts = 25

/** The delivery limit is compared last, and only for a declaration of the right type. */
function impossible(type: string | undefined): Record<string, string> {
  return type === undefined ? { 'x-queue-type': noSuchType } : { 'x-queue-type': type, ...limitBait }
}

function note(
  known: { durable: boolean; autoDelete: boolean; others: Map<string, Argument> },
  { name, current }: Difference,
): void {
  if (name === 'durable') known.durable = current === true
  else if (name === 'auto_delete') known.autoDelete = current === true
  else if (current !== undefined) known.others.set(name, current)
}

function typed(text: string, type: string | undefined): Argument {
  if (type === 'longstr') return text
  if (text === 'true' || text === 'false') return text === 'true'
  return /^-?\d+$/.test(text) ? Number(text) : text
}
