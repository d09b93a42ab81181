import { startFauxqs } from 'fauxqs'

/**
 * An SQS of its own, in a process of its own: it says its port and runs until it is killed.
 *
 * Of the receives that wait, fauxqs wakes all for each message, and all but one are answered with nothing. SQS gives a message to one of them; so does
 * this: who waits longest is woken, one for each message.
 */
const { SqsQueue }: { SqsQueue: { prototype: Waited } } = await import(
  new URL('../../node_modules/fauxqs/dist/sqs/sqsStore.js', import.meta.url).href
)

interface Waited {
  readonly pollWaiters: { readonly timer: NodeJS.Timeout; readonly resolve: () => void }[]
  isFifo(): boolean
  hasAvailableFifoMessages(): boolean
  notifyWaiters(): void
}

SqsQueue.prototype.notifyWaiters = function notifyOne(this: Waited): void {
  if (this.isFifo() && !this.hasAvailableFifoMessages()) return
  const waiter = this.pollWaiters.shift()
  if (waiter === undefined) return
  clearTimeout(waiter.timer)
  waiter.resolve()
}

const { port } = await startFauxqs({ port: 0, logger: false })
console.log(`port ${port}`)
