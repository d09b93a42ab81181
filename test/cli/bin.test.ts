import { execFileSync, spawn } from 'node:child_process'
import type { ChildProcessByStdio } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { stripTypeScriptTypes } from 'node:module'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import type { Readable } from 'node:stream'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { eventually } from '../support/eventually.ts'

/** Stands where the rest of the program would be, and says what it sees. */
const mainStub = `
export async function runProcess() {
  const [mode] = process.argv.slice(2)
  const said = { version: process.versions.node, args: process.argv.slice(2), pid: process.pid, parent: process.ppid,
    env: Object.keys(process.env).filter((key) => key.startsWith('QUEUE_CANARY_')) }
  const say = () => process.stdout.write(JSON.stringify(said) + '\\n')
  if (mode !== 'wait') say()
  if (mode === 'exit') process.exit(7)
  if (mode === 'die') process.kill(process.pid, 'SIGKILL')
  if (mode !== 'wait') return
  const alive = setInterval(() => {}, 1000)
  for (const signal of ['SIGTERM', 'SIGINT']) process.on(signal, () => { clearInterval(alive); process.exitCode = 5; process.stdout.write(signal) })
  say()
}
`

const oldNode = findOldNode()

describe.skipIf(oldNode === undefined)('the entry on an older Node (skipped where there is none on PATH)', () => {
  let folder: string
  const bin = () => join(folder, 'pkg', 'dist', 'src', 'cli', 'bin.js')
  const node = join('node_modules', 'node', 'bin', 'node')

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'bin-'))
    mkdirSync(join(folder, 'pkg', 'dist', 'src', 'cli'), { recursive: true })
    writeFileSync(join(folder, 'pkg', 'package.json'), '{ "type": "module" }')
    const source = readFileSync(new URL('../../src/cli/bin.ts', import.meta.url), 'utf8')
    writeFileSync(bin(), stripTypeScriptTypes(source).replace('./main.ts', './main.js'))
    writeFileSync(join(folder, 'pkg', 'dist', 'src', 'cli', 'main.js'), mainStub)
    mkdirSync(join(folder, 'node_modules', 'node', 'bin'), { recursive: true })
    symlinkSync(process.execPath, join(folder, node))
  })

  afterAll(() => rmSync(folder, { recursive: true }))

  it('goes on with the Node that the package depends on, and passes arguments and exit code', async () => {
    const run = start(oldNode, [bin(), 'exit', '--queue', 'a b'])
    expect(await run.ended).toEqual({ code: 7, signal: null })
    expect(run.said()).toMatchObject({ version: process.versions.node, args: ['exit', '--queue', 'a b'], env: [] })
  })

  it('runs at once where Node is new enough', async () => {
    const run = start(process.execPath, [bin(), 'exit'])
    expect(await run.ended).toEqual({ code: 7, signal: null })
    expect(run.said()).toMatchObject({ pid: run.child.pid })
  })

  it('says what to do where there is no newer Node', async () => {
    rmSync(join(folder, node))
    try {
      const run = start(oldNode, [bin(), 'exit'])
      expect(await run.ended).toEqual({ code: 2, signal: null })
      expect(run.stderr()).toMatch(/^error: queue-canary needs Node 24 or newer, this is \d+\.\d+\.\d+\nwhat to do: /)
    } finally {
      symlinkSync(process.execPath, join(folder, node))
    }
  })

  it.each(['SIGTERM', 'SIGINT'] as const)('forwards %s', async (signal) => {
    const run = start(oldNode, [bin(), 'wait'])
    await eventually(() => run.stdout().includes('\n'), { what: 'the child speaks' })
    run.child.kill(signal)
    expect(await run.ended).toEqual({ code: 5, signal: null })
    expect(run.stdout()).toMatch(new RegExp(`${signal}$`))
  })

  it('ends by the signal that ended the child', async () => {
    expect(await start(oldNode, [bin(), 'die']).ended).toEqual({ code: null, signal: 'SIGKILL' })
  })

  it('leaves no child behind when it is killed', async () => {
    const run = start(oldNode, [bin(), 'wait'])
    await eventually(() => run.stdout().includes('\n'), { what: 'the child speaks' })
    const { pid } = run.said()
    expect(pid).not.toBe(run.child.pid)
    run.child.kill('SIGKILL')
    await eventually(() => !isRunning(pid), { what: 'the child has ended' })
  })
})

interface Said {
  readonly pid: number
}

function start(node: string | undefined, args: readonly string[]) {
  const child: ChildProcessByStdio<null, Readable, Readable> = spawn(node ?? '', args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    // The variables of the test run are not the product's.
    env: Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('QUEUE_CANARY_'))),
  })
  const text = { out: '', err: '' }
  child.stdout.on('data', (chunk: Buffer) => void (text.out += chunk.toString()))
  child.stderr.on('data', (chunk: Buffer) => void (text.err += chunk.toString()))
  const ended = new Promise<{ code: number | null; signal: string | null }>((resolve) => {
    child.on('close', (code, signal) => resolve({ code, signal }))
  })
  const said = (): Said => JSON.parse(text.out.split('\n')[0] ?? '') as Said
  return { child, ended, said, stdout: () => text.out, stderr: () => text.err }
}

/** The first `node` on PATH that is older than the product needs, the tools of this project left out. */
function findOldNode(): string | undefined {
  const folders = (process.env['PATH'] ?? '').split(delimiter).filter((path) => !path.includes('node_modules'))
  return folders
    .map((path) => join(path, 'node'))
    .find((candidate) => {
      try {
        const version = execFileSync(candidate, ['--version'], { encoding: 'utf8', timeout: 5_000 })
        return Number(/^v(\d+)/.exec(version)?.[1]) < 24
      } catch {
        return false
      }
    })
}

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}
