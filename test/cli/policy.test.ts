import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { runPolicyCommand } from '../../src/cli/commands/policy.ts'
import { policyJsonSchema } from '../../src/core/policy/policy-json-schema.ts'
import { readPolicyText } from '../../src/policy-file.ts'
import { fakeIo } from './fake-io.ts'

let folder = ''
let good = ''
let bad = ''
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'queue-canary-cli-'))
  good = join(folder, 'good.yaml')
  bad = join(folder, 'bad.yaml')
  await writeFile(good, 'steps: [{ weight: 5%, duration: 2m }]\naliases: [{ postgres: {} }]\n')
  await writeFile(bad, 'strategy: red\nlimits: { maxInFlight: 0 }\n')
})
afterAll(() => rm(folder, { recursive: true }))

async function run(args: readonly string[], json = false) {
  const io = fakeIo()
  const code = await runPolicyCommand(args, io, json)
  return { code, out: io.stdout(), err: io.stderr() }
}

const digestOfPlain = 'sha256:a808e06ab8b55339cb15bab447cb3d780ad36cf6f8cce4bd39d079270d8b3b64'

const badLines = [
  'strategy: expected canary, blueGreen or rolling, found "red" (line 1, column 11)',
  'limits.maxInFlight: expected a whole number from 1 to 1000000, found 0 (line 2, column 24)',
]

describe('policy lint', () => {
  it('says that a file is right, and what this release would not run', async () => {
    const { code, out, err } = await run(['lint', good])
    expect(code).toBe(0)
    expect(out).toMatch(/^.*good\.yaml: ok, 1 step, digest sha256:[\da-f]{64}\n$/)
    expect(err).toBe('note: start would refuse it: aliases: they are not in this release\n')
  })

  it('says of a measure that no broker tells that start refuses it', async () => {
    const file = join(folder, 'age.yaml')
    const metric = '{ name: age, measure: oldestAge, thresholdRange: { max: 1m } }'
    await writeFile(file, `analysis: { metrics: [{ name: failures }, ${metric}] }\n`)
    const note = 'analysis.metrics[1] (age): neither RabbitMQ nor SQS tells the age of the oldest message'
    expect(await run(['lint', file])).toMatchObject({ code: 0, err: `note: start would refuse it: ${note}\n` })
  })

  it('says every problem on a line', async () => {
    expect(await run(['lint', bad])).toStrictEqual({
      code: 2,
      out: '',
      err: badLines.map((line) => `${line}\n`).join(''),
    })
  })

  it.each([
    ['nofile.yaml', 'none of this name'],
    ['.', 'a directory'],
  ])('names a file that cannot be read: %s', async (file, found) => {
    const io = fakeIo({ cwd: folder })
    expect(await runPolicyCommand(['lint', file], io, false)).toBe(2)
    expect(io.stderr()).toBe(`${file}: expected a file that can be read, found ${found}\n`)
  })

  it('is one JSON document where that is wanted', async () => {
    const right = await run(['lint', good], true)
    expect([right.code, right.err]).toStrictEqual([0, ''])
    expect(JSON.parse(right.out)).toStrictEqual({
      ok: true,
      steps: 1,
      digest: expect.stringMatching(/^sha256:/),
      notes: ['aliases: they are not in this release'],
      warnings: [],
    })
    const wrong = await run(['lint', bad], true)
    expect([wrong.code, wrong.err]).toStrictEqual([2, ''])
    expect(JSON.parse(wrong.out)).toStrictEqual({ ok: false, problems: badLines })
  })
})

describe('policy show', () => {
  it('prints the whole policy, as YAML or JSON that mean the same', async () => {
    const [yaml, json] = [await run(['show', good]), await run(['show', good], true)]
    expect([yaml.code, json.code]).toStrictEqual([0, 0])
    expect(yaml.out).toContain('progressDeadline: 2h\n')
    expect(readPolicyText(yaml.out)).toStrictEqual(readPolicyText(json.out))
    expect(readPolicyText(yaml.out)).toMatchObject({ ok: true, policy: { steps: [{ weight: 5 }] } })
  })

  it('has the keys that came later as well, which change no digest where they say nothing', async () => {
    const file = join(folder, 'plain.yaml')
    await writeFile(file, 'steps: [{ weight: 5%, duration: 2m }]\n')
    expect(JSON.parse((await run(['show', file], true)).out)).toMatchObject({ rollbackWindow: '0s', freeze: [] })
    expect(JSON.parse((await run(['lint', file], true)).out)).toMatchObject({ digest: digestOfPlain })
  })

  it('refuses a file that is wrong', async () => {
    expect(await run(['show', bad])).toMatchObject({ code: 2, out: '' })
  })
})

describe('policy schema', () => {
  it('prints the JSON Schema', async () => {
    const { code, out } = await run(['schema'])
    expect(code).toBe(0)
    expect(JSON.parse(out)).toStrictEqual(JSON.parse(JSON.stringify(policyJsonSchema())))
  })
})

describe('warnings of policy lint', () => {
  const slow =
    'steps: [{ weight: 1%, duration: 2m, minSamples: 200 }]\nanalysis: { metrics: [{ name: failures, dryRun: true }] }\n'
  const warning = 'steps[0].minSamples: about 12 canary messages in 2m, minSamples asks for 200: that takes 33m 20s'

  it('are for what is known of the queue, and change no exit code', async () => {
    const file = join(folder, 'slow.yaml')
    await writeFile(file, slow)
    expect(await run(['lint', file])).toMatchObject({ code: 0, err: '' })
    expect(await run(['lint', file, '--rate', '10/s'])).toMatchObject({ code: 0, err: `warning: ${warning}\n` })
    const { code, out } = await run(['lint', file, '--rate', '10/s'], true)
    expect([code, JSON.parse(out)]).toEqual([0, expect.objectContaining({ ok: true, warnings: [warning] })])
  })

  it('are for the traffic of the tests, each once', async () => {
    const file = join(folder, 'tested.yaml')
    const test = (failures: string) => `  - { given: { rate: 10/s, canaryFailures: ${failures} }, expect: {} }\n`
    await writeFile(file, `${slow}tests:\n${test('1%')}${test('5%')}`)
    expect((await run(['lint', file])).err).toBe(`warning: ${warning}\n`)
    expect((await run(['lint', file, '--rate', '1000/s'])).err).toBe('')
  })
})

describe('wrong usage', () => {
  const general = 'usage: queue-canary policy lint|show|schema|simulate|test F; queue-canary policy --help says more'
  const lint = 'usage: queue-canary policy lint F [--rate 100/s] [--latency 20ms] [--stable-failures 1%]'
  const simulate =
    'usage: queue-canary policy simulate F --rate 100/s --stable-failures 1% --canary-failures 5% [options: see policy --help]'
  const needed = '--rate 1/s --stable-failures 1% --canary-failures 5%'

  it.each([
    ['', general],
    ['lnt x', `expected lint, show, schema, simulate or test, found "lnt"; ${general}`],
    ['constructor x', `expected lint, show, schema, simulate or test, found "constructor"; ${general}`],
    ['lint', `policy lint: expected one policy file, found 0; ${lint}`],
    ['lint a --rate 1/s --rate=2/s', `policy lint: --rate: expected one, found 2; ${lint}`],
    ['lint a b', `policy lint: expected one policy file, found 2; ${lint}`],
    ['schema a', 'policy schema: expected no file, found 1; usage: queue-canary policy schema'],
    ['show --yaml', "policy show: Unknown option '--yaml'; the options are --json; usage: queue-canary policy show F"],
    [
      'simulate a --rate 100/s',
      `policy simulate: --stable-failures is missing; policy simulate: --canary-failures is missing; ${simulate}`,
    ],
    [
      `simulate a --stable-failures 1% --canary-failures 5% --rate 100 --runs 0 --traffic floods`,
      'policy simulate: --rate: expected a rate such as 50/s (per s, m or h), found "100"; ' +
        'policy simulate: --runs: expected a whole number from 1 to 1000000, found "0"; ' +
        `policy simulate: --traffic: expected steady, bursts, sine, outages, trickle or backlog, found "floods"; ${simulate}`,
    ],
    [`simulate a ${needed} --onset`, `policy simulate: --onset: expected a value, found nothing; ${simulate}`],
    [
      'test a --seed -1',
      'policy test: --seed: expected a value, found another option; usage: queue-canary policy test F [--runs 200] [--seed 1] [--out FILE.xml]',
    ],
  ])('policy %s', async (line, why) => {
    const args = line === '' ? [] : line.split(' ')
    expect(await run(args)).toStrictEqual({ code: 2, out: '', err: `${why}\n` })
    const { code, out } = await run(args, true)
    expect([code, JSON.parse(out)]).toStrictEqual([2, { ok: false, problems: [why] }])
  })
})
