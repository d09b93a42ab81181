import { fleet } from './benches/fleet.ts'
import { handler } from './benches/handler.ts'
import { micro } from './benches/micro.ts'
import { share } from './benches/share.ts'
import { simulate } from './benches/simulate.ts'
import { sqs } from './benches/sqs.ts'
import { throughput } from './benches/throughput.ts'
import type { Bench } from './lab/bench.ts'
import { openServer, openSqs } from './lab/server.ts'
import { Traffic } from './lab/traffic.ts'
import { parseOptions } from './options.ts'

const benches: readonly Bench[] = [throughput, handler, share, sqs, micro, fleet, simulate]

const options = parseOptions(process.argv.slice(2))
if (options.help) console.log(usage())
else await run(chosen())

function chosen(): readonly Bench[] {
  const { only } = options
  const found = benches.filter(({ name }) => only === undefined || name === only)
  if (found.length === 0)
    throw new Error(`--only ${only}: expected one of ${benches.map(({ name }) => name).join(', ')}`)
  return found
}

async function run(found: readonly Bench[]): Promise<void> {
  const say = (line: string) => process.stderr.write(`${line}\n`)
  const quick = options.quick ? ', quick' : ''
  const onBroker = found.filter((bench) => bench.needs === 'broker')
  const onSqs = found.filter((bench) => bench.needs === 'sqs')
  const alone = found.filter((bench) => bench.needs === 'nothing')
  if (onBroker.length > 0) {
    await using server = await openServer()
    const traffic = await Traffic.open(server.url)
    console.log(`${traffic.server}, Node.js ${process.versions.node}${quick}`)
    for (const bench of onBroker) console.log(`\n${await bench.run({ url: server.url, traffic, options, say })}`)
    await traffic.close()
  } else console.log(`Node.js ${process.versions.node}${quick}`)
  if (onSqs.length > 0) {
    await using server = await openSqs()
    for (const bench of onSqs) console.log(`\n${await bench.run({ endpoint: server.url, options, say })}`)
  }
  for (const bench of alone) console.log(`\n${await bench.run({ options, say })}`)
}

function usage(): string {
  const lines = benches.map(({ name, about }) => `  ${name.padEnd(12)} ${about}`)
  return `npm run bench -- [--quick] [--calm] [--only NAME] [--match TEXT] [--rounds N] [--profile DIR]\n\n${lines.join('\n')}`
}
