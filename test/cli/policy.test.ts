import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { runPolicyCommand } from '../../src/cli/commands/policy.ts'
import { policyJsonSchema } from '../../src/core/policy/policy-json-schema.ts'
import { readPolicyText } from '../../src/policy-file.ts'

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
  let [out, err] = ['', '']
  const io = { out: (text: string) => void (out += text), err: (text: string) => void (err += text) }
  return { code: await runPolicyCommand(args, io, json), out, err }
}

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

  it('says every problem on a line', async () => {
    expect(await run(['lint', bad])).toStrictEqual({
      code: 2,
      out: '',
      err: badLines.map((line) => `${line}\n`).join(''),
    })
  })

  it('is one JSON document where that is wanted', async () => {
    const right = await run(['lint', good], true)
    expect([right.code, right.err]).toStrictEqual([0, ''])
    expect(JSON.parse(right.out)).toStrictEqual({
      ok: true,
      steps: 1,
      digest: expect.stringMatching(/^sha256:/),
      notes: ['aliases: they are not in this release'],
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

describe('wrong usage', () => {
  it.each([
    [[], ''],
    [['lnt', 'x'], 'expected lint, show or schema, found "lnt"; '],
    [['lint'], 'policy lint: expected one policy file, found 0; '],
    [['lint', 'a', 'b'], 'policy lint: expected one policy file, found 2; '],
    [['schema', 'a'], 'policy schema: expected no file, found 1; '],
    [['show', '--yaml'], 'expected no option but --json, found "--yaml"; '],
    [['simulate', 'a'], 'policy simulate is not in this release; '],
    [['test', 'a'], 'policy test is not in this release; '],
  ])('%j', async (args, why) => {
    const usage = 'usage: queue-canary policy lint F | policy show F | policy schema'
    expect(await run(args)).toStrictEqual({ code: 2, out: '', err: `${why}${usage}\n` })
  })
})
