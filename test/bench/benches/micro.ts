import type { LocalBench } from '../lab/bench.ts'
import { bareNanoseconds, workerNanoseconds } from '../micro/dispatch.ts'
import { policyMicroseconds } from '../micro/policy.ts'
import { median, whole } from '../report/figures.ts'
import { table } from '../report/table.ts'

interface Costs {
  readonly bare: number
  readonly worker: number
  readonly policy: number
}

/** What the framework itself costs, without a broker's network: in this process, on memory adapters. */
export const micro: LocalBench = {
  name: 'micro',
  needs: 'nothing',
  about: 'dispatch hot path on the memory broker, parsing a policy',
  async run({ options: { rounds, quick } }) {
    const measured: Costs[] = []
    for (let round = 0; round <= Math.max(3, rounds); round++) measured.push(await costs(quick))
    // The first round is for the compiler.
    const of = (read: (one: Costs) => number) => whole(median(measured.slice(1).map(read)))
    const rows = [
      ['memory broker alone, ns a message', of(({ bare }) => bare)],
      ['the same with a worker (streaming, concurrency 250), ns a message', of(({ worker }) => worker)],
      ['difference: intake, dispatch, settle, evidence, ns a message', of(({ bare, worker }) => worker - bare)],
      ['reading a policy of 25 lines (YAML), us', of(({ policy }) => policy)],
    ]
    return `## In process\n\n${table(['what', 'cost'], rows)}`
  },
}

async function costs(quick: boolean): Promise<Costs> {
  const messages = quick ? 50_000 : 200_000
  const times = quick ? 200 : 2_000
  return {
    bare: await bareNanoseconds(messages),
    worker: await workerNanoseconds(messages),
    policy: policyMicroseconds(times),
  }
}
