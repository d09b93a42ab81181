import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { main } from '../../src/cli/main.ts'
import { fakeIo } from './fake-io.ts'

let folder = ''
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'queue-canary-simulate-'))
  await writeFile(
    join(folder, 'p.yaml'),
    'steps: [{ weight: 5%, duration: 1m }, { weight: 50%, duration: 1m }]\nlimits: { maxFailedMessages: 1000 }\n',
  )
  await writeFile(join(folder, 'rolling.yaml'), 'strategy: rolling\n')
})
afterAll(() => rm(folder, { recursive: true }))

const given = ['--rate', '100/s', '--stable-failures', '1%', '--canary-failures']

async function run(args: readonly string[], options: Parameters<typeof fakeIo>[0] = {}) {
  const io = fakeIo({ cwd: folder, columns: 80, ...options })
  const code = await main(['policy', 'simulate', ...args], io)
  return { code, out: io.stdout(), err: io.stderr(), io }
}

describe('policy simulate', () => {
  it('says the odds, the plan, and how a typical run went', async () => {
    const { code, out, err } = await run(['p.yaml', ...given, '10%', '--runs', '20'])
    expect([code, err]).toEqual([0, ''])
    const lines = out.split('\n')
    expect(lines.slice(0, 4)).toEqual([
      'p.yaml',
      '100/s steady, handlers take 20ms',
      'stable fails 1 %, canary 10 %',
      '20 runs, seed 1',
    ])
    expect(out).toMatch(/^RolledBack +100\.0 % +\d+s +\d+s +\d+ +\d+ +\d+$/m)
    expect(out).toMatch(/^Succeeded +0\.0 % +- +-/m)
    expect(out).toMatch(/^step 1 +5 % +1m00s +300 +\d+ +\d+$/m)
    expect(out).toMatch(/^a canary that fails 10 % is taken back after \d+s and \d+ messages, \d failed$/m)
    expect(out).toMatch(/^a typical run: RolledBack after \d+s, \d+ harmed$/m)
    expect(out).toMatch(/^ {5}100 \|.*#$/m)
    expect(lines.every((line) => line.length <= 80)).toBe(true)
  })

  it('is the same for the same seed', async () => {
    const args = ['p.yaml', ...given, '3%', '--runs', '5', '--seed', '7', '--traffic', 'bursts']
    expect((await run(args)).out).toBe((await run(args)).out)
    expect((await run(args)).out).not.toBe((await run([...args, '--seed', '8'])).out)
  })

  it('draws in blocks on a terminal, and shows how far it is', async () => {
    const { out, err } = await run(['p.yaml', ...given, '1%', '--runs', '300'], { terminal: true })
    expect(out).toMatch(/│.*[▁▂▃▄▅▆▇█]/)
    expect(err).toMatch(/^\r\d+ of 300 runs/)
    expect(err.endsWith('\r\u001b[K')).toBe(true)
  })

  it('is one JSON document where that is wanted', async () => {
    const { code, out, err } = await run([
      'p.yaml',
      ...given,
      '1%',
      '--runs',
      '10',
      '--onset',
      '1m',
      '--latency',
      '50ms',
      '--canary-latency',
      '60ms',
      '--poison',
      '0.1%',
      '--deaths',
      '2/h',
      '--json',
    ])
    expect([code, err]).toEqual([0, ''])
    const document = JSON.parse(out)
    expect(document).toMatchObject({
      file: 'p.yaml',
      seed: 1,
      runs: 10,
      traffic: {
        kind: 'steady',
        ratePerSecond: 100,
        stable: { failures: 0.01, latencyMs: 50 },
        canary: { failures: 0.01, latencyMs: 60 },
        onsetMs: 60_000,
        poison: 0.001,
        deathsPerHour: 2,
      },
      outcomes: { Succeeded: { odds: expect.any(Number) } },
      plan: { rollback: null, proof: { messages: expect.any(Number) } },
    })
    expect(document.plan.steps[0].toRollBack).toBeNull()
    expect(document.typical.timeline.length).toBeGreaterThan(50)
  })

  it('says what traffic is special', async () => {
    const { out } = await run([
      'p.yaml',
      ...given,
      '5%',
      '--runs',
      '1',
      '--onset',
      '90s',
      '--canary-latency',
      '2s',
      '--poison',
      '1%',
      '--deaths',
      '6/h',
    ])
    expect(out).toContain("100/s steady, handlers take 20ms, the canary's 2s\n")
    expect(out).toContain('stable fails 1 %, canary 5 % from 1m30s on, 1 % fail on both, 6 deaths/h\n')
  })

  it('stops at Ctrl-C', async () => {
    const io = fakeIo({ cwd: folder })
    const running = main(['policy', 'simulate', 'p.yaml', ...given, '1%', '--runs', '100000'], io)
    setTimeout(() => io.interrupt(), 100)
    expect(await running).toBe(130)
    expect(io.stdout()).toBe('')
  })

  it('refuses what it cannot simulate, and files that are wrong', async () => {
    expect(await run(['rolling.yaml', ...given, '1%'])).toMatchObject({
      code: 2,
      err: 'strategy: rolling cannot be simulated in this release\n',
    })
    expect(await run(['none.yaml', ...given, '1%'])).toMatchObject({
      code: 2,
      err: 'none.yaml: expected a file that can be read, found none of this name\n',
    })
  })
})
