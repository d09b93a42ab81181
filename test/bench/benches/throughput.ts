import type { BrokerBench } from '../lab/bench.ts'
import { holdContest } from '../lab/contest.ts'
import { queueTypes } from '../lab/traffic.ts'
import { comparison } from '../report/comparison.ts'
import { contestants } from './contestants.ts'

export const throughput: BrokerBench = {
  name: 'throughput',
  needs: 'broker',
  about: 'no-op handler, prefetch 250: messages/s, CPU a message and memory against a bare amqplib loop and the peers',
  async run(lab) {
    const messages = lab.options.quick ? 10_000 : 100_000
    const types = lab.options.quick ? queueTypes.slice(0, 1) : queueTypes
    const sections: string[] = []
    for (const type of types) {
      const entered = contestants(lab, { prefetch: 250, concurrency: 250, handlerMs: 0 })
      const runs = await holdContest(lab, { type, messages, contestants: entered })
      const title = `## No-op handler, prefetch 250, ${type} queue, ${messages} messages`
      sections.push(
        `${title}\n\n${comparison(
          entered.map(({ label }) => label),
          runs,
        )}`,
      )
    }
    return sections.join('\n\n')
  },
}
