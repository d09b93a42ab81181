import type { Finding } from '../../../src/contracts/broker.ts'
import { isQueueCanaryError, QueueCanaryError } from '../../../src/errors.ts'
import { neighbour } from './address.ts'
import type { QueueAddress } from './address.ts'
import type { SqsApi } from './api.ts'
import { handBackOffFinding, queueFindings, sizeFindings } from './findings.ts'
import { readSettings } from './queue-settings.ts'
import type { QueueSettings } from './queue-settings.ts'

export interface DiagnoseSettings {
  readonly api: SqsApi
  readonly queue: QueueAddress
  readonly handBackQueue: QueueAddress | undefined
}

/** Everything about the queue that matters to a release. Changes nothing, takes no message, never rejects. */
export async function diagnose(settings: DiagnoseSettings): Promise<readonly Finding[]> {
  const { api, queue } = settings
  try {
    const attributes = await api.attributes(queue)
    const found = readSettings(attributes)
    const rights = await Promise.all(queueProbes(settings).map(probe))
    return [
      { level: 'ok', subject: 'connection', found: `connected to ${queue.endpoint}` },
      { level: 'ok', subject: 'queue', found: `"${queue.name}" exists, ${queue.isFifo ? 'FIFO' : 'standard'}` },
      ...queueFindings(found, queue),
      ...rights.flat(),
      ...(await deadLetterFindings(settings, found)),
      ...(await handBackFindings(settings, found)),
    ]
  } catch (error) {
    return [troubleFinding(error)]
  }
}

interface Probe {
  readonly subject: string
  readonly grant: string
  readonly attempt: () => Promise<unknown>
  readonly level: 'error' | 'warning'
}

/**
 * Requests that SQS refuses, whoever makes them: it checks rights first, so that the reason tells of them. Eleven messages are more than a receive may
 * ask for, a receipt that it never gave is not valid, and a message may not contain a NUL.
 */
function queueProbes({ api, queue }: DiagnoseSettings): readonly Probe[] {
  const receipts = ['queue-canary-probe']
  const receive = { count: 11, waitMs: 0, visibilityS: 1, attemptId: undefined }
  const refused = (failures: readonly (string | undefined)[]): void => {
    const denied = failures.find((failure) => failure !== undefined && /AccessDenied/.test(failure))
    if (denied !== undefined) throw new QueueCanaryError('BROKER_REFUSED', denied)
  }
  const changes = receipts.map((receipt) => ({ receipt, seconds: 1 }))
  return [
    {
      subject: 'right to receive',
      grant: 'sqs:ReceiveMessage',
      level: 'error',
      attempt: () => api.receive(queue, receive),
    },
    {
      subject: 'right to delete',
      grant: 'sqs:DeleteMessage',
      level: 'error',
      attempt: async () => refused(await api.delete(queue, receipts)),
    },
    {
      subject: 'right to change visibility',
      grant: 'sqs:ChangeMessageVisibility',
      level: 'error',
      attempt: async () => refused(await api.setVisibility(queue, changes)),
    },
  ]
}

async function deadLetterFindings({ api, queue }: DiagnoseSettings, found: QueueSettings): Promise<readonly Finding[]> {
  if (found.redrive === undefined) return []
  const to = neighbour(found.redrive.deadLetterQueue, queue)
  const right = await probe({ ...sendProbe(api, to), subject: 'right to dead-letter', level: 'warning' })
  // nothing else needs the right to read its attributes
  const { maxBytes } = readSettings(await api.attributes(to).catch(() => ({})))
  return [...right, ...sizeFindings(found, { subject: 'dead-letter queue', name: to.name, maxBytes })]
}

function sendProbe(api: SqsApi, to: QueueAddress): Pick<Probe, 'grant' | 'attempt'> {
  const group = to.isFifo && { MessageGroupId: 'probe', MessageDeduplicationId: 'probe' }
  return {
    grant: `sqs:SendMessage on "${to.name}"`,
    attempt: () => api.send(to, { MessageBody: '\u0000', ...group }),
  }
}

async function probe({ subject, grant, attempt, level }: Probe): Promise<readonly Finding[]> {
  try {
    await attempt()
  } catch (error) {
    const text = error instanceof Error ? error.message : ''
    if (isQueueCanaryError(error, 'BROKER_REFUSED') && /AccessDenied|NotAuthorized|refuses access/.test(text))
      return [{ level, subject, found: 'refused', mend: `grant ${grant}` }]
    if (isQueueCanaryError(error, 'QUEUE_MISSING')) return [{ level, subject, found: text, mend: 'create the queue' }]
    if (isQueueCanaryError(error, 'BROKER_UNREACHABLE')) return [{ ...troubleFinding(error), subject }]
  }
  return [{ level: 'ok', subject, found: 'granted' }]
}

async function handBackFindings(settings: DiagnoseSettings, found: QueueSettings): Promise<readonly Finding[]> {
  const { api, queue, handBackQueue } = settings
  if (handBackQueue === undefined) return [handBackOffFinding(found)]
  const subject = 'hand-back queue'
  try {
    const { maxBytes } = readSettings(await api.attributes(handBackQueue))
    const right = await probe({ ...sendProbe(api, handBackQueue), subject: 'right to hand back', level: 'error' })
    const size = sizeFindings(found, { subject, name: handBackQueue.name, maxBytes })
    return [handBackFinding(queue, handBackQueue), ...size, ...right]
  } catch (error) {
    return [{ ...troubleFinding(error), subject }]
  }
}

function handBackFinding({ isFifo }: QueueAddress, { name }: QueueAddress): Finding {
  const subject = 'hand-back queue'
  if (!isFifo) return { level: 'ok', subject, found: `"${name}" exists` }
  const found = `"${name}" exists; a message that is handed back is overtaken by later ones of its group`
  return { level: 'warning', subject, found, mend: 'set HAND_BACK to off: then order within a group holds' }
}

function troubleFinding(error: unknown): Finding {
  const isMissing = isQueueCanaryError(error, 'QUEUE_MISSING')
  const found = error instanceof Error ? error.message : 'unknown failure'
  const mend = isMissing ? 'create the queue; queue-canary never does' : 'check URL, region, credentials and rights'
  return { level: 'error', subject: isMissing ? 'queue' : 'connection', found, mend }
}
