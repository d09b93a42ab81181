import { isQueueCanaryError } from '../errors.ts'
import type { ErrorCode } from '../errors.ts'
import { writeJson, writeLine } from './io.ts'
import type { Io } from './io.ts'
import { painter } from './view/text.ts'

/** Says what went wrong and what to do. A script that asked for JSON gets a document too. */
export function reportError(error: unknown, io: Io, json: boolean): void {
  const paint = painter(io.err.color)
  const { code, message, advice } = explain(error)
  writeLine(io.err, `${paint('red', 'error:')} ${message} [${code}]`)
  writeLine(io.err, `${paint('bold', 'what to do:')} ${advice}`)
  if (code === 'UNEXPECTED' && io.env['QUEUE_CANARY_LOG_LEVEL'] === 'debug' && error instanceof Error) {
    writeLine(io.err, error.stack ?? '')
  }
  if (json) writeJson(io.out, { error: { code, message } })
}

function explain(error: unknown): { readonly code: string; readonly message: string; readonly advice: string } {
  if (isQueueCanaryError(error)) return { code: error.code, message: error.message, advice: adviceFor[error.code] }
  const message = error instanceof Error ? `${error.name}: ${error.message}` : `something that is no error was thrown`
  return {
    code: 'UNEXPECTED',
    message,
    advice: 'this is most likely a defect of queue-canary; QUEUE_CANARY_LOG_LEVEL=debug shows where it happened',
  }
}

const adviceFor: Readonly<Record<ErrorCode, string>> = {
  BROKER_UNREACHABLE: 'check the URL of the queue and the network; queue-canary doctor says more',
  BROKER_REFUSED: 'check rights and settings of the queue on its broker; queue-canary doctor says more',
  QUEUE_MISSING: 'declare the queue on its broker, or correct its name; queues are never declared for you',
  HAND_BACK_FAILED: 'check that the broker accepts messages; queue-canary doctor says more',
  RETRY_FAILED: 'check that the broker accepts messages; queue-canary doctor says more',
  STORE_UNREACHABLE: 'check --store or QUEUE_CANARY_STORE, and that this process can reach it',
  STORE_REFUSED: 'check --store or QUEUE_CANARY_STORE, and the rights on it',
  RECORD_INVALID: 'use the release that wrote the record, or another namespace',
  RECORD_TOO_LARGE:
    'nothing was written; say less in --reason, or abort the rollout: the record of the next one begins anew',
  POLICY_INVALID: 'mend the file; queue-canary policy lint checks it, policy schema helps an editor to',
  POLICY_UNSUPPORTED: 'take these parts out, or wait for a release that has them',
  ENVIRONMENT_INVALID: 'mend the variables; queue-canary doctor checks the whole set',
  HTTP_ADDRESS_REFUSED: 'set QUEUE_CANARY_HTTP to an address that is free, to port 0 for any free one, or to off',
  HANDLER_INVALID: 'mend the handler module or the variable that names it',
  WARM_UP_FAILED: "look at the handler's warmUp: it has to succeed before the first message",
  COMMAND_REFUSED: 'look at queue-canary status; nothing was changed',
  NOT_FOUND: 'look at queue-canary status without --queue: it lists what is there',
  USAGE: 'see --help',
  TIMED_OUT: 'look at queue-canary status: it says what is waited for',
}
