import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { eventually } from './eventually.ts'

const run = promisify(execFile)

/** Everything in it stands still. On a busy machine an engine may fail to freeze a container, and lets it run on: it is asked again. */
export function pauseContainer(id: string): Promise<void> {
  const ask = (): Promise<unknown> => run('docker', ['pause', id], { timeout: 15_000 })
  return eventually(ask, { what: `container ${id} stands still`, deadlineMs: 30_000 })
}
