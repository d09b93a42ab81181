import { connect } from 'amqplib'
import { eventually } from './eventually.ts'

/** Resolves when the server completes a handshake. */
export async function awaitRabbitmq(url: string, deadlineMs = 90_000): Promise<void> {
  await eventually(
    async () => {
      const connection = await connect(url, { timeout: 5_000 })
      connection.on('error', () => {})
      await connection.close()
    },
    { what: 'RabbitMQ answers', deadlineMs },
  )
}
