import { startRabbitmq } from '../../support/rabbitmq-start.ts'

export interface OpenServer extends AsyncDisposable {
  readonly url: string
}

/** The RabbitMQ server of the tests: `AMQP_URL`, else a container, else a node from Debian's package; stopped at the end if started here. */
export async function openServer(): Promise<OpenServer> {
  const { handle, stop } = await startRabbitmq(process.env)
  return { url: handle.url, [Symbol.asyncDispose]: stop }
}
