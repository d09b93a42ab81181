import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { junitXml } from '../../src/cli/junit.ts'
import { main } from '../../src/cli/main.ts'
import { fakeIo } from './fake-io.ts'

const policy = `steps: [{ weight: 5%, duration: 1m }, { weight: 50%, duration: 1m }]
limits: { maxFailedMessages: 1000 }
`
const good = `${policy}tests:
  - given: { rate: 100/s, stableFailures: 1%, canaryFailures: 20% }
    expect: { phase: RolledBack, harmed: { p95: 30 }, within: 1m }
  - given: { rate: 100/s, stableFailures: 1%, canaryFailures: 1% }
    expect: { phase: Succeeded }
`
const bad = `${policy}tests:
  - { given: { canaryFailures: 20% }, expect: { phase: Succeeded, harmed: { p95: 30 } } }
  - { given: {}, expect: {} }
`

let folder = ''
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'queue-canary-test-'))
  await writeFile(join(folder, 'good.yaml'), good)
  await writeFile(join(folder, 'bad.yaml'), bad)
  await writeFile(join(folder, 'none.yaml'), policy)
})
afterAll(() => rm(folder, { recursive: true }))

async function run(...args: readonly string[]) {
  const io = fakeIo({ cwd: folder, columns: 80 })
  const code = await main(['policy', 'test', ...args, '--runs', '20'], io)
  return { code, out: io.stdout(), err: io.stderr() }
}

describe('policy test', () => {
  it('exits 0 when everything holds', async () => {
    const { code, out, err } = await run('good.yaml')
    expect([code, err]).toEqual([0, ''])
    expect(out.replaceAll(/found (?:\d+s(?: \d+ms)?|\d+)$/gm, 'found N')).toBe(`good.yaml: 2 tests, 20 runs each, seed 1
ok    1. 100/s steady, handlers take 20ms
         stable fails 1 %, canary 20 %
  ok    phase       RolledBack in 95 %  found RolledBack 100 %
  ok    harmed.p95  at most 30          found N
  ok    within      95 % within 1m      found N
ok    2. 100/s steady, handlers take 20ms
         stable fails 1 %, canary 1 %
  ok    phase  Succeeded in 95 %  found Succeeded 100 %
all hold
`)
  })

  it('exits 3 when one thing does not hold, and says which', async () => {
    const { code, out } = await run('bad.yaml')
    expect(code).toBe(3)
    expect(out).toContain('  FAIL  phase       Succeeded in 95 %  found RolledBack 100 %\n')
    expect(out).toContain('  ok    harmed.p95  at most 30         found')
    expect(out).toContain('        it expects nothing\n')
    expect(out).toMatch(/1 of 2 tests does not hold\n$/)
  })

  it('is one JSON document where that is wanted', async () => {
    const { code, out, err } = await run('bad.yaml', '--json')
    expect([code, err]).toEqual([3, ''])
    expect(JSON.parse(out)).toMatchObject({
      ok: false,
      file: 'bad.yaml',
      runs: 20,
      seed: 1,
      tests: [
        {
          ok: false,
          checks: [
            { key: 'phase', holds: false },
            { key: 'harmed.p95', holds: true },
          ],
        },
        { ok: true },
      ],
    })
  })

  it('writes a JUnit report', async () => {
    expect((await run('bad.yaml', '--out', 'report.xml')).code).toBe(3)
    const report = await readFile(join(folder, 'report.xml'), 'utf8')
    expect(report).toContain('<testsuites tests="2" failures="1">')
    expect(report).toContain('<failure message="phase: expected Succeeded in 95 %, found RolledBack 100 %">')
    expect((await run('good.yaml', '--out', 'no/where.xml')).code).toBe(2)
    expect((await run('good.yaml', '--out', 'no/where.xml')).err).toContain(
      '--out no/where.xml: expected a file that can be written, found ENOENT',
    )
  })

  it('refuses a file without tests', async () => {
    const { code, err } = await run('none.yaml')
    expect(code).toBe(2)
    expect(err).toBe('none.yaml: expected tests, found none; write what you expect of the policy under tests:\n')
  })
})

describe('a JUnit report', () => {
  it('escapes what XML does not take', () => {
    const hostile = `a<b>&"c'\u0007\uD800]]>`
    const xml = junitXml(hostile, [{ name: hostile, failures: [hostile, 'and more'] }])
    const escaped = 'a&lt;b&gt;&amp;&quot;c&apos;\uFFFD\uFFFD]]&gt;'
    expect(xml).toBe(`<?xml version="1.0" encoding="UTF-8"?>
<testsuites tests="1" failures="1">
  <testsuite name="${escaped}" tests="1" failures="1">
    <testcase classname="${escaped}" name="${escaped}">
      <failure message="${escaped}">${escaped}
and more</failure>
    </testcase>
  </testsuite>
</testsuites>
`)
  })
})
