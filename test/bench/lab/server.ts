import { startRabbitmq } from '../../support/rabbitmq-start.ts'
import { startSqs } from '../../support/sqs-start.ts'

export interface OpenServer extends AsyncDisposable {
  readonly url: string
}

/** The RabbitMQ server of the tests: `AMQP_URL`, else a container, else a node from Debian's package; stopped at the end if started here. */
export async function openServer(): Promise<OpenServer> {
  const { handle, stop } = await startRabbitmq(process.env)
  return { url: handle.url, [Symbol.asyncDispose]: stop }
}

/** The SQS of the tests: `SQS_URL`, else the emulator in a process of its own. */
export async function openSqs(): Promise<OpenServer> {
  const { handle, stop } = await startSqs(process.env)
  return { url: handle.endpoint, [Symbol.asyncDispose]: stop }
}
