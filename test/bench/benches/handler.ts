import type { BrokerBench } from '../lab/bench.ts'
import { holdContest } from '../lab/contest.ts'
import { comparison } from '../report/comparison.ts'
import { contestants } from './contestants.ts'

const concurrency = 50

/** The bare loop bounds its concurrency by its prefetch; this framework counts slots and fetches twice as many ahead. */
export const handler: BrokerBench = {
  name: 'handler',
  needs: 'broker',
  about: '1 ms handler at concurrency 50, against a bare amqplib loop and the peers with prefetch 50',
  async run(lab) {
    const messages = lab.options.quick ? 5_000 : 50_000
    const settings = { prefetch: concurrency, concurrency, handlerMs: 1 }
    const entered = contestants(lab, settings, { ...settings, prefetch: 2 * concurrency })
    const runs = await holdContest(lab, { type: 'classic', messages, contestants: entered })
    const title = `## 1 ms handler, concurrency ${concurrency}, classic queue, ${messages} messages`
    return `${title}\n\n${comparison(
      entered.map(({ label }) => label),
      runs,
    )}`
  },
}
