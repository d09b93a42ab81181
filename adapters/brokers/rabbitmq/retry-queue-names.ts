/**
 * The delay queues of a queue, one for each power of two seconds. `<queue>.queue-canary.retry.<n>s` for the queue itself,
 * `<hand-back queue>.retry.<n>s` for its hand-back queue: what waits returns to where it came from.
 */
export function retryQueueName(queue: string, seconds: number): string {
  return `${retryPrefix(queue)}${seconds}s`
}

export function isRetryQueue(name: string, queue: string): boolean {
  const prefix = retryPrefix(queue)
  return name.startsWith(prefix) && /^\d{1,3}s$/.test(name.slice(prefix.length))
}

/** At least the delay, at most twice as much and a second. */
export function retrySeconds(delayMs: number): number {
  const exponent = Math.ceil(Math.log2(Math.max(1, delayMs / 1_000)))
  return Math.min(longestSeconds, 2 ** exponent)
}

const longestSeconds = 512

function retryPrefix(queue: string): string {
  return queue.endsWith('.queue-canary.hand-back') ? `${queue}.retry.` : `${queue}.queue-canary.retry.`
}
