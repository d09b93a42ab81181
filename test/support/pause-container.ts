import { execFile } from 'node:child_process'
import { promisify } from 'node:util'

const run = promisify(execFile)

/** Everything in it stands still. On a busy machine an engine may fail to freeze a container, and lets it run on: it is asked again, twice. */
export async function pauseContainer(id: string, triesLeft = 3): Promise<void> {
  try {
    await run('docker', ['pause', id], { timeout: 30_000 })
  } catch (error) {
    if (String(error).includes('already paused')) return
    if (triesLeft === 1) throw error
    await pauseContainer(id, triesLeft - 1)
  }
}
