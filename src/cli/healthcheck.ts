// Started beside a worker by whoever watches its container: `node healthcheck.js [/readyz]`. Exits 0 where the answer is 200, else 1.
import { probe } from './http/probe.ts'

const { ok, text } = await probe(process.env['QUEUE_CANARY_HTTP'], process.argv[2])
process.stdout.write(`${text}\n`)
process.exitCode = ok ? 0 : 1
