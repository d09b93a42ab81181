import { execFile } from 'node:child_process'
import { promisify } from 'node:util'

const run = promisify(execFile)

/** Runs apt-get without questions. `RUNLEVEL=1`: a package that brings a service does not start it. */
export async function aptGet(args: readonly string[], cwd?: string): Promise<void> {
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive', RUNLEVEL: '1' }
  await run('apt-get', ['-qq', ...args], { env, timeout: 600_000, ...(cwd !== undefined && { cwd }) })
}

/** Installs Debian's package, where that is possible. */
export async function installPackage(name: string): Promise<void> {
  if (process.getuid?.() !== 0) throw new Error(`${name} is not installed, and only root can install it`)
  await aptGet(['update'])
  await aptGet(['install', '-y', '--no-install-recommends', name])
}
