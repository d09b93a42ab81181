import { readQueueUrl, readSibling } from '../../adapters/brokers/sqs/address.ts'
import { describeUrl } from '../core/schema/describe-url.ts'
import { describeValue } from '../core/schema/describe-problem.ts'
import type { BrokerSettings, HandBackSettings } from './environment-readers.ts'
import { problemLine } from './environment-variables.ts'

export interface HandBack {
  readonly value: HandBackSettings
  readonly problems: readonly string[]
}

/** What hand-back means on the queue's broker. On SQS queues are the operator's to make, so that it is off unless one is named. */
export function readHandBack(given: HandBackSettings | undefined, broker: BrokerSettings, variable: string): HandBack {
  const value = given ?? { kind: broker.kind === 'sqs' ? 'off' : 'create' }
  const expected = expectation(value, broker)
  return { value, problems: expected === undefined ? [] : [problemLine(variable, expected, describeHandBack(value))] }
}

/** What it should be; undefined where it is that. */
function expectation(value: HandBackSettings, { url }: BrokerSettings): string | undefined {
  const main = readQueueUrl(url)
  if (value.kind === 'off') return undefined
  if (main === undefined) {
    const isUrl = value.kind === 'named' && value.name.includes('://')
    return isUrl ? 'create, off, or the name of a queue' : undefined
  }
  if (value.kind === 'named' && readSibling(value.name, main)?.isFifo === main.isFifo) return undefined
  return `off, or the name or URL of a ${main.isFifo ? 'FIFO' : 'standard'} queue that you have made`
}

function describeHandBack(value: HandBackSettings): string {
  const text = value.kind === 'named' ? value.name : value.kind
  return text.includes('://') ? describeUrl(text) : describeValue(text)
}
