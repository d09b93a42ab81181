import { connect } from 'amqplib'
import type { TestProject } from 'vitest/node'
import { startRabbitmq } from './rabbitmq-start.ts'

/** Global set-up of the project `broker`: one server for all its files. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const { handle, stop } = await startRabbitmq(process.env)
  project.provide('rabbitmq', handle)
  const connection = await connect(handle.url)
  console.log(`broker tests on RabbitMQ ${connection.connection.serverProperties.version} (${handle.kind})`)
  await connection.close()
  return stop
}
