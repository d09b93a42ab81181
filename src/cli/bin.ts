#!/usr/bin/env node
// Runs on old releases of Node too: only this file, and nothing that it imports statically, may know less than the rest.
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { isatty } from 'node:tty'
import { fileURLToPath } from 'node:url'

const leastMajor = 24
/** Set for a process that this file started, and removed by it at once. */
const launcherVariable = 'QUEUE_CANARY_LAUNCHED_BY'

await begin()

async function begin(): Promise<void> {
  if (Number(process.versions.node.split('.')[0]) < leastMajor) return relaunch()
  dieWithLauncher()
  const { runProcess } = await import('./main.ts')
  await runProcess()
}

/** Runs this file with the Node that the package depends on, and ends as that one ends. */
function relaunch(): void {
  const node = ownNode()
  if (node === undefined || process.env[launcherVariable] !== undefined) {
    process.stderr.write(
      `error: queue-canary needs Node ${leastMajor} or newer, this is ${process.versions.node}\nwhat to do: run it with a newer Node, or install the npm package "node" beside it\n`,
    )
    process.exitCode = 2
    return
  }
  const child = spawn(node, [...process.execArgv, fileURLToPath(import.meta.url), ...process.argv.slice(2)], {
    stdio: ['inherit', 'inherit', 'inherit', 'ipc'],
    env: { ...process.env, [launcherVariable]: String(process.pid) },
  })
  forwardSignals((signal) => child.kill(signal))
  child.on('error', (error) => {
    process.stderr.write(`error: ${node} cannot be run: ${error.message}\n`)
    process.exitCode = 2
  })
  child.on('exit', (code, signal) => endAs(code, signal))
}

/** The dependency `node` of the nearest folder that has it. */
function ownNode(): string | undefined {
  for (let folder = dirname(fileURLToPath(import.meta.url)); ; folder = dirname(folder)) {
    const candidate = join(folder, 'node_modules', 'node', 'bin', 'node')
    if (existsSync(candidate)) return candidate
    if (folder === dirname(folder)) return undefined
  }
}

/** A terminal tells its whole process group of Ctrl-C, the child included: told twice, it would take that for impatience. */
function forwardSignals(send: (signal: NodeJS.Signals) => void): void {
  const fromTerminal = [0, 1, 2].some((descriptor) => isatty(descriptor))
  process.on('SIGTERM', send)
  process.on('SIGINT', fromTerminal ? () => {} : send)
  process.on('SIGHUP', fromTerminal ? () => {} : send)
}

function endAs(code: number | null, signal: NodeJS.Signals | null): void {
  if (signal === null) return process.exit(code ?? 1)
  process.removeAllListeners(signal)
  process.kill(process.pid, signal)
}

/** A launcher that was killed cannot pass that on: the end of its channel says so. Otherwise the child would consume on, unknown to whoever started it. */
function dieWithLauncher(): void {
  const launched = process.env[launcherVariable] !== undefined
  delete process.env[launcherVariable]
  if (!launched) return
  process.once('disconnect', () => process.kill(process.pid, 'SIGKILL'))
  process.channel?.unref()
}
