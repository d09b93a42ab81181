import { connect } from 'amqplib'
import { setTimeout as pause } from 'node:timers/promises'

const { AMQP_URL = 'amqp://guest:guest@localhost:5672', QUEUE = 'orders', RATE = '100' } = process.env
const intervalMs = 1_000 / Number(RATE)
const stopping = new AbortController()
for (const signal of ['SIGTERM', 'SIGINT']) process.on(signal, () => stopping.abort())

/** Declares the queue with a dead-letter queue, and publishes orders at a steady rate until it is told to stop. */
async function publish(): Promise<void> {
  const connection = await connect(AMQP_URL)
  connection.on('error', () => {})
  const channel = await connection.createConfirmChannel()
  const lost = new AbortController()
  connection.on('close', () => lost.abort(new Error('the connection was lost')))
  const arguments_ = { 'x-queue-type': 'quorum' }
  const deadLettered = { 'x-dead-letter-exchange': '', 'x-dead-letter-routing-key': `${QUEUE}.dead` }
  await channel.assertQueue(`${QUEUE}.dead`, { durable: true, arguments: arguments_ })
  await channel.assertQueue(QUEUE, { durable: true, arguments: { ...arguments_, ...deadLettered } })
  console.log(`publishing ${RATE} messages a second to ${QUEUE}`)
  const began = performance.now()
  for (let count = 0; !stopping.signal.aborted; count++) {
    lost.signal.throwIfAborted()
    channel.sendToQueue(QUEUE, Buffer.from(JSON.stringify({ amount: 1 + (count % 100) })), { persistent: true })
    await pause(Math.max(0, began + count * intervalMs - performance.now()))
  }
  await channel.waitForConfirms()
  await connection.close()
}

await publish()
