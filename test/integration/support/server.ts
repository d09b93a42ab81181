import { testServer, variant } from '../../support/rabbitmq.ts'
import type { RabbitmqControl } from '../../support/rabbitmq.ts'

/** The RabbitMQ of the test run, as the processes under test see it. */
export interface Server {
  /** For the workers: with a password that nobody may see. */
  readonly url: string
  readonly password: string
  /** For the tests' own client. */
  readonly adminUrl: string
  /** undefined for a server that was given by `AMQP_URL`: its own password is looked for then, and nothing may be done to it. */
  readonly control: RabbitmqControl | undefined
}

const user = 'queue-canary-e2e'
/** With characters that a URL must escape. */
const password = 'p4ss:w/rd@seeded-7c1e'

/** One for all tests of a file: a user is there to stay. */
export function serverOpener(): () => Promise<Server> {
  let opened: Promise<Server> | undefined
  return () => (opened ??= openServer())
}

async function openServer(): Promise<Server> {
  const { url, control } = testServer()
  if (control === undefined) return { url, adminUrl: url, password: decodeURIComponent(new URL(url).password), control }
  await control.setUser(user, password)
  return { url: variant(url, { user, password }), adminUrl: url, password, control }
}
