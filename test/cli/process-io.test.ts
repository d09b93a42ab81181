import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, openSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { describe, expect, it } from 'vitest'
import { sqliteStore } from '../../adapters/stores/sqlite/index.ts'
import { createQueueState } from '../../src/core/rollout/queue-state.ts'
import { createQueueRecords } from '../../src/records/queue-records.ts'
import { eventually, settles } from '../support/eventually.ts'
import { useTeardown } from '../support/teardown.ts'

const conditions = '--conditions=queue-canary-source'
const program = [conditions, new URL('../../src/cli/bin.ts', import.meta.url).pathname]
const env = { PATH: process.env['PATH'] }

describe('the process', () => {
  const teardown = useTeardown()

  function onFullDisk(...args: readonly string[]) {
    const full = teardown.add(openSync('/dev/full', 'w'), closeSync)
    const ended = spawnSync(process.execPath, args, {
      env,
      stdio: ['ignore', full, 'pipe'],
      encoding: 'utf8',
      timeout: 15_000,
    })
    return { status: ended.status, stderr: ended.stderr }
  }

  it('does not end well when its output could not be written', () => {
    const { status, stderr } = onFullDisk(...program, 'policy', 'schema')
    expect(stderr).toMatch(
      /^error: stdout: expected all of it to be written, found ENOSPC[^\n]*\nwhat to do: [^\n]+\n$/,
    )
    expect(status).toBe(1)
  })

  it('ends well all the same where only others have written', () => {
    const script = `
      import { processIo } from '${new URL('../../src/cli/process-io.ts', import.meta.url).pathname}'
      console.log('a handler says hello')
      processIo().end(0)`
    expect(onFullDisk(conditions, '--input-type=module', '-e', script)).toEqual({ status: 0, stderr: '' })
  })

  it.each([[['--json']], [[]]])('ends status --watch %j once nobody reads it', async (options) => {
    const folder = teardown.add(await mkdtemp(join(tmpdir(), 'watch-')), (path) => rm(path, { recursive: true }))
    const path = join(folder, 'state.db')
    const store = teardown.add(sqliteStore({ path }), (opened) => opened.close())
    const records = createQueueRecords(store, { namespace: 'default', queue: 'orders' })
    let version = 0
    let revision = await records.writeState(createQueueState('g1', 'v0'), undefined)
    const args = [...program, 'status', '--watch', ...options, '--store', `sqlite:${path}`]
    const child = spawn(process.execPath, args, { env, stdio: ['ignore', 'pipe', 'pipe'] })
    teardown.add(child, (running) => running.kill('SIGKILL'))
    const [said, ended] = [text(child.stderr), once(child, 'exit')]
    await settles(once(child.stdout, 'data'), { what: 'the first state' })
    child.stdout.destroy()
    // It writes where something has changed, and only then it can notice.
    const change = async () => {
      revision = await records.writeState(createQueueState('g1', `v${++version}`), revision)
      return child.exitCode !== null
    }
    await eventually(change, { what: 'the end of the watch' })
    expect(await ended).toEqual([0, null])
    expect(await said).toBe('')
  })
})
