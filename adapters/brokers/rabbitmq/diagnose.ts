import type { ChannelModel } from 'amqplib'
import type { Finding } from '../../../src/contracts/broker.ts'
import type { Clock } from '../../../src/contracts/clock.ts'
import type { Address } from './address.ts'
import { askOnce } from './ask-once.ts'
import { brokerError, isNoQueue, replyCode } from './failures.ts'
import { passingOnArguments } from './declare-queue.ts'
import type { Link } from './link.ts'
import { askManagement } from './management.ts'
import type { ManagementFacts } from './management.ts'
import { handBackQueueOf } from './options.ts'
import type { RabbitmqOptions } from './options.ts'
import { noSuchType, readQueueArguments, refusal } from './queue-arguments.ts'
import { expiryFindings, limitFindings, queueFindings } from './queue-findings.ts'
import { retryQueueName } from './retry-queue-names.ts'
import { waits, withDeadline } from './timing.ts'

export interface DiagnoseSettings {
  readonly options: Pick<RabbitmqOptions, 'queue' | 'handBack'>
  readonly address: Address
  readonly link: Link
  /** For what is published: a broker in an alarm answers nothing more on that connection. */
  readonly publishing: Link
  readonly clock: Clock
}

/** Everything about the queue that matters to a release. Changes nothing, takes no message, never rejects. */
export async function diagnose(settings: DiagnoseSettings): Promise<readonly Finding[]> {
  const { address, link, clock, options } = settings
  const findings: Finding[] = []
  try {
    const model = await withDeadline(link.connect(), waits.connect, clock)
    findings.push({ level: 'ok', subject: 'connection', found: `connected to ${address.server}` }, serverFinding(model))
    await examine(model, settings, findings)
  } catch (error) {
    findings.push(troubleFinding(error, address, options.queue))
  }
  return findings
}

async function examine(model: ChannelModel, settings: DiagnoseSettings, findings: Finding[]): Promise<void> {
  const { address, clock, options } = settings
  const { consumerCount } = await askOnce(model, clock, (channel) => channel.checkQueue(options.queue))
  findings.push({ level: 'ok', subject: 'queue', found: `"${options.queue}" exists, with ${consumerCount} consumers` })
  findings.push(await consumeFinding(model, settings), await publishFinding(settings))
  const declared = await readQueueArguments(model, clock, options.queue)
  const managed = await askManagement(address, options.queue)
  findings.push(...queueFindings(declared, managed), ...limitFindings(declared, managed, majorVersion(model)))
  findings.push(
    ...expiryFindings(managed, options.queue),
    ...exclusiveFindings(managed),
    await handBackFinding(model, settings),
  )
  findings.push(await retryFinding(model, clock, options.queue))
}

function serverFinding({ connection }: ChannelModel): Finding {
  const { product, version } = connection.serverProperties
  const found = `${product} ${version}`
  const [major = 0, minor = 0] = version.split('.').map(Number)
  if (major > 3 || (major === 3 && minor >= 10)) return { level: 'ok', subject: 'server', found }
  return {
    level: 'warning',
    subject: 'server',
    found,
    mend: 'RabbitMQ 3.10 and 4 are what is tested: update the server',
  }
}

function majorVersion({ connection }: ChannelModel): number {
  return Number.parseInt(connection.serverProperties.version, 10)
}

async function consumeFinding(model: ChannelModel, { clock, options }: DiagnoseSettings): Promise<Finding> {
  const subject = 'right to consume'
  if (await mayConsume(model, clock, options.queue)) return { level: 'ok', subject, found: 'granted' }
  return { level: 'error', subject, found: 'refused', mend: `grant the user "read" on "${options.queue}"` }
}

/** An invalid priority is refused after the right to consume was checked, also of a queue that is missing, and before a consumer exists. */
async function mayConsume(model: ChannelModel, clock: Clock, queue: string): Promise<boolean> {
  const error = await refusal(model, clock, (channel) =>
    channel.consume(queue, () => undefined, { arguments: { 'x-priority': 'queue-canary-probe' } }),
  )
  return replyCode(error) !== 403
}

/** What is handed back and what waits for a retry is published to the default exchange. */
async function publishFinding(settings: DiagnoseSettings): Promise<Finding> {
  const { address, options } = settings
  const [subject, error] = ['right to publish', await publishRefusal(settings)]
  if (error === undefined) return { level: 'ok', subject, found: 'granted' }
  if (replyCode(error) !== 403) {
    const found = `not known: ${brokerError(error, address).message}`
    return { level: 'warning', subject, found, mend: 'look for an alarm of the broker: it takes no messages then' }
  }
  const isOff = options.handBack.kind === 'off'
  const found = `refused: ${isOff ? '' : 'nothing can be handed back, and '}retries wait in the memory of the worker`
  return { level: isOff ? 'warning' : 'error', subject, found, mend: 'grant the user "write" on "amq.default"' }
}

/** No queue has an empty name, so that the message goes nowhere; the answer to a request behind it tells whether it was refused. */
async function publishRefusal({ publishing, clock }: DiagnoseSettings): Promise<unknown> {
  try {
    const model = await withDeadline(publishing.connect(), waits.connect, clock)
    await askOnce(model, clock, (channel) => {
      channel.publish('', '', Buffer.alloc(0))
      return channel.prefetch(1)
    })
    return undefined
  } catch (error) {
    return error
  }
}

function exclusiveFindings(managed: ManagementFacts | undefined): Finding[] {
  if (managed?.exclusiveConsumer !== true) return []
  const mend = 'consume without the exclusive flag: two versions must be able to share the queue'
  return [{ level: 'error', subject: 'consumers', found: 'one of them is exclusive', mend }]
}

async function handBackFinding(model: ChannelModel, settings: DiagnoseSettings): Promise<Finding> {
  const { clock, options } = settings
  const subject = 'hand-back queue'
  const queue = handBackQueueOf(options)
  if (queue === undefined) return { level: 'ok', subject, found: 'off: failed messages return to the queue' }
  const finding =
    options.handBack.kind === 'existing'
      ? await existingFinding(model, settings, queue)
      : await createdFinding(model, clock, { queue, to: options.queue })
  if (finding.level === 'error' || (await mayConsume(model, clock, queue))) return finding
  const mend = `grant the user "read" on "${queue}"`
  return { level: 'error', subject, found: `"${queue}" may not be consumed`, mend }
}

async function createdFinding(model: ChannelModel, clock: Clock, names: DeadLettering): Promise<Finding> {
  const [subject, { queue }] = ['hand-back queue', names]
  const error = await declarationRefusal(model, clock, names)
  if (replyCode(error) !== 403) return { level: 'ok', subject, found: `"${queue}" may be declared and consumed` }
  const mend = `grant the user "configure", "write" and "read" on "${queue}" and "write" on "amq.default", or set hand-back to off`
  return { level: 'error', subject, found: `"${queue}" may not be declared`, mend }
}

/** A queue of ours, and where it passes on what dies in it. */
interface DeadLettering {
  readonly queue: string
  readonly to: string
}

/** The same declaration as the real one, but of a type that does not exist: rights are checked first, nothing is created. */
function declarationRefusal(model: ChannelModel, clock: Clock, { queue, to }: DeadLettering): Promise<unknown> {
  const args = { ...passingOnArguments(to, 'quorum'), 'x-queue-type': noSuchType }
  return refusal(model, clock, (channel) => channel.assertQueue(queue, { durable: true, arguments: args }))
}

/** The shortest delay queue stands for all. */
async function retryFinding(model: ChannelModel, clock: Clock, to: string): Promise<Finding> {
  const subject = 'retries'
  const queue = retryQueueName(to, 1)
  const error = await declarationRefusal(model, clock, { queue, to })
  if (replyCode(error) !== 403)
    return { level: 'ok', subject, found: `delay queues such as "${queue}" may be declared` }
  const existing = await refusal(model, clock, (channel) => channel.checkQueue(queue))
  if (existing === undefined) return { level: 'ok', subject, found: `delay queues such as "${queue}" exist` }
  const mend = `grant the user "configure", "write" and "read" on "${retryQueueName(to, 1).slice(0, -2)}*" and "write" on "amq.default", or declare the delay queues and grant "read" on them`
  return {
    level: 'warning',
    subject,
    found: 'wait in the worker, unacknowledged until the last attempt: delay queues may not be declared',
    mend,
  }
}

async function existingFinding(model: ChannelModel, settings: DiagnoseSettings, queue: string): Promise<Finding> {
  const { address, clock } = settings
  const subject = 'hand-back queue'
  const error = await refusal(model, clock, (channel) => channel.checkQueue(queue))
  if (replyCode(error) === 404) {
    const mend = isNoQueue(error) ? 'declare it' : bringBack
    return { level: 'error', subject, found: brokerError(error, { ...address, queue }).message, mend }
  }
  const declared = await readQueueArguments(model, clock, queue)
  if (typeof declared === 'object' && declared.others['x-dead-letter-exchange'] === '') {
    return { level: 'ok', subject, found: `"${queue}" exists` }
  }
  const mend =
    'declare it with x-dead-letter-exchange "" and x-dead-letter-routing-key set to the queue, or dead letters of it are lost'
  return { level: 'warning', subject, found: `"${queue}" exists; no dead-lettering to the queue visible`, mend }
}

function troubleFinding(error: unknown, { server }: Address, queue: string): Finding {
  if (replyCode(error) !== 404) {
    const mend = 'check address, credentials, virtual host and rights'
    return { level: 'error', subject: 'connection', found: brokerError(error, { server }).message, mend }
  }
  const mend = isNoQueue(error) ? 'declare the queue; queue-canary never does' : bringBack
  return { level: 'error', subject: 'queue', found: brokerError(error, { server, queue }).message, mend }
}

const bringBack = 'start the node that it is on; where that runs, look for the queue in the log of the broker'
