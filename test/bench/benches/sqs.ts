import { testRegion } from '../../support/sqs-helper.ts'
import type { SqsBench } from '../lab/bench.ts'
import { holdContest } from '../lab/contest.ts'
import type { Contestant } from '../lab/contest.ts'
import { stableVersion } from '../lab/release.ts'
import { SqsTraffic } from '../lab/sqs-traffic.ts'
import { comparison } from '../report/comparison.ts'

const cases = [
  { title: 'No-op handler', handlerMs: 0, concurrency: 50 },
  { title: '1 ms handler', handlerMs: 1, concurrency: 50 },
] as const

/** The loop first: it is the unit. Each has room for 50 handlers and for the batches that wait behind them. */
export const sqs: SqsBench = {
  name: 'sqs',
  needs: 'sqs',
  about: 'SQS: messages/s and CPU a message against a hand-tuned SDK loop and sqs-consumer at its best',
  async run({ endpoint, options, say }) {
    const traffic = new SqsTraffic(endpoint)
    const messages = options.quick ? 2_000 : 20_000
    const sections: string[] = []
    for (const { title, handlerMs, concurrency } of cases) {
      const contestants = rows(traffic, { handlerMs, concurrency })
      const runs = await holdContest({ traffic, options, say }, { type: 'standard', messages, contestants })
      const labels = contestants.map(({ label }) => label)
      const header = `## SQS, ${title}, concurrency ${concurrency}, standard queue, ${messages} messages`
      sections.push(`${header}\n\n${comparison(labels, runs)}`)
    }
    traffic.close()
    return sections.join('\n\n')
  },
}

function rows(traffic: SqsTraffic, settings: { handlerMs: number; concurrency: number }): readonly Contestant[] {
  const { concurrency } = settings
  const common = (queue: string) => ({
    ...settings,
    queue,
    url: `${traffic.url(queue)}?region=${testRegion}`,
    prefetch: 2 * concurrency,
    waits: false,
  })
  const release = { version: stableVersion, database: undefined, soloWeight: undefined }
  return [
    {
      label: 'hand-tuned SDK loop, 5 polls',
      crew: (queue) => [{ ...common(queue), consumer: 'sqs-loop', release: undefined }],
    },
    {
      label: 'sqs-consumer, batches, 5 instances',
      crew: (queue) => [{ ...common(queue), consumer: 'sqs-consumer', release: undefined }],
    },
    {
      label: 'queue-canary, no rollout',
      crew: (queue) => [{ ...common(queue), consumer: 'queue-canary-sqs', release }],
    },
  ]
}
