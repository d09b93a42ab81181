import { handler } from './benches/handler.ts'
import { micro } from './benches/micro.ts'
import { share } from './benches/share.ts'
import { throughput } from './benches/throughput.ts'
import type { Bench } from './lab/bench.ts'
import { openServer } from './lab/server.ts'
import { Traffic } from './lab/traffic.ts'
import { parseOptions } from './options.ts'

const benches: readonly Bench[] = [throughput, handler, share, micro]

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
  await using server = await openServer()
  const traffic = await Traffic.open(server.url)
  const say = (line: string) => process.stderr.write(`${line}\n`)
  console.log(`${traffic.server}, Node.js ${process.versions.node}${options.quick ? ', quick' : ''}`)
  for (const bench of found) console.log(`\n${await bench.run({ url: server.url, traffic, options, say })}`)
  await traffic.close()
}

function usage(): string {
  const lines = benches.map(({ name, about }) => `  ${name.padEnd(12)} ${about}`)
  return `npm run bench -- [--quick] [--calm] [--only NAME] [--match TEXT] [--rounds N] [--profile DIR]\n\n${lines.join('\n')}`
}
