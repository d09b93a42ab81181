import { startConsumer } from '../consumers/start-consumer.ts'
import { Meter } from './meter.ts'
import type { ConsumerSpec, FromConsumer, FromParent } from './protocol.ts'

/** The main program of one consumer: ready, open, progress ..., reading, gone. Ends with its parent. */
const progressMs = 20

const spec = JSON.parse(process.argv[2] ?? '') as ConsumerSpec
const meter = new Meter(spec)
process.once('disconnect', () => process.exit(1))
const running = await startConsumer(spec, meter.handle)
tell({ kind: 'ready' })

process.on('message', (message: FromParent) => {
  if (message.kind === 'open') open()
  else void finish()
})

function open(): void {
  meter.open()
  let told = -1
  setInterval(() => {
    meter.noteMemory()
    if (told === meter.handled) return
    told = meter.handled
    tell({ kind: 'progress', handled: told })
  }, progressMs).unref()
}

async function finish(): Promise<void> {
  tell({ kind: 'reading', reading: meter.read() })
  await running.close()
  process.exit(0)
}

function tell(message: FromConsumer): void {
  process.send?.(message)
}
