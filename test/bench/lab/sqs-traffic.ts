import { sqsHelper } from '../../support/sqs-helper.ts'
import type { SqsHelper } from '../../support/sqs-helper.ts'
import type { Filler } from './contest.ts'

const body = Buffer.alloc(256, 'x')
/** No message of a run is to come back in it. */
const visibilityS = '600'

/** The publishing side of the benchmarks on SQS: a client of the parent process, messages of 256 bytes. */
export class SqsTraffic implements Filler<string> {
  readonly #helper: SqsHelper

  constructor(endpoint: string) {
    this.#helper = sqsHelper(endpoint)
  }

  url(queue: string): string {
    return this.#helper.url(queue)
  }

  async createQueue(queue: string): Promise<void> {
    await this.#helper.delete(queue)
    await this.#helper.declare(queue, { VisibilityTimeout: visibilityS })
  }

  deleteQueue(queue: string): Promise<void> {
    return this.#helper.delete(queue)
  }

  async fill(queue: string, messages: number): Promise<void> {
    const all = Array.from({ length: messages }, (_, index) => ({ id: `m-${index}`, body }))
    const lots = Array.from({ length: 8 }, (_, part) => all.filter((_message, index) => index % 8 === part))
    await Promise.all(lots.map((lot) => this.#helper.publish(queue, lot)))
  }

  close(): void {
    this.#helper.close()
  }
}
