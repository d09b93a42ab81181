import { execFile, spawn } from 'node:child_process'
import { closeSync, existsSync, mkdirSync, openSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { aptGet } from './debian-package.ts'
import { settles } from './eventually.ts'
import type { PrometheusPlace } from './prometheus-start.ts'

const run = promisify(execFile)
const installed = '/usr/bin/prometheus'

/**
 * Starts the binary of Debian's package. Where that is not installed it is unpacked into a directory of the test's own: nothing of the
 * machine changes, and no service starts. Resolves to what stops it.
 */
export async function startDebianPrometheus({ port, config }: PrometheusPlace): Promise<() => Promise<void>> {
  const directory = await mkdtemp(join(tmpdir(), 'queue-canary-prometheus-'))
  const remove = (): void => rmSync(directory, { recursive: true, force: true })
  try {
    const binary = existsSync(installed) ? installed : await unpacked(directory)
    const file = join(directory, 'prometheus.yml')
    writeFileSync(file, config)
    const stop = await launch(binary, directory, [
      `--config.file=${file}`,
      `--storage.tsdb.path=${join(directory, 'data')}`,
      `--web.listen-address=127.0.0.1:${port}`,
    ])
    return async () => {
      await stop()
      remove()
    }
  } catch (error) {
    remove()
    throw error
  }
}

async function unpacked(directory: string): Promise<string> {
  const packages = join(directory, 'package')
  mkdirSync(packages)
  await download(packages)
  const [file = ''] = readdirSync(packages)
  await run('dpkg-deb', ['-x', join(packages, file), directory], { timeout: 60_000 })
  return join(directory, installed)
}

async function download(cwd: string): Promise<void> {
  const fetch = ['download', 'prometheus']
  try {
    await aptGet(fetch, cwd)
  } catch (error) {
    if (process.getuid?.() !== 0) throw error
    await aptGet(['update'])
    await aptGet(fetch, cwd)
  }
}

async function launch(binary: string, directory: string, args: readonly string[]): Promise<() => Promise<void>> {
  const log = join(directory, 'console.log')
  const output = openSync(log, 'a')
  const server = spawn(binary, args, { cwd: directory, stdio: ['ignore', output, output] })
  closeSync(output)
  const ended = new Promise<void>((resolve) => server.once('exit', () => resolve()))
  await new Promise((resolve, reject) => server.once('spawn', resolve).once('error', reject))
  return async () => {
    server.kill('SIGTERM')
    try {
      await settles(ended, { what: 'the end of Prometheus', deadlineMs: 10_000 })
    } catch (cause) {
      server.kill('SIGKILL')
      throw new Error(`prometheus did not end; it wrote:\n${readFileSync(log, 'utf8').slice(-2_000)}`, { cause })
    }
  }
}
