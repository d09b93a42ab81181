import { mkdtemp, rm, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { loadPolicyFile, readPolicyText } from '../../../src/policy-file.ts'

function problemsOf(text: string): readonly string[] {
  const read = readPolicyText(text)
  return read.ok ? [] : read.problems
}

const tooDeep = ['the file: expected at most 16 levels of nesting, found more']
const tooLong = ['the file: expected at most 64 KiB, found more']

describe('text that is no policy file', () => {
  it.each([
    ['nothing', '', ['the file: expected a policy, found an empty file']],
    ['a comment', '# nothing\n', ['the file: expected a policy, found an empty file']],
    ['null', '---\n', ['the file: expected an object, found null']],
    ['a list', '[]', ['the file: expected an object, found a list']],
    ['two documents', 'strategy: canary\n---\nstrategy: canary\n', ['the file: expected one document, found several']],
    ['another YAML', '%YAML 1.1\n---\nstrategy: canary\n', ['the file: expected YAML 1.2, found a directive for 1.1']],
    [
      'a tag of its own',
      'strategy: !env STRATEGY\n',
      ['syntax: tags are not accepted (Unresolved tag: !env) (line 1, column 11)'],
    ],
    [
      'a tag of YAML 1.1',
      'strategy: !!binary abcd\n',
      ['syntax: tags are not accepted (Unresolved tag: tag:yaml.org,2002:binary) (line 1, column 11)'],
    ],
    [
      'a list that does not end',
      'steps: [1,\n',
      ['syntax: Flow sequence in block collection must be sufficiently indented and end with a ] (line 2, column 1)'],
    ],
    [
      'a key that is a list',
      '? [steps]\n: 1\n',
      ['syntax: With stringKeys, all keys must be strings (line 1, column 3)'],
    ],
    [
      'an alias of nothing',
      'steps: *ramp\n',
      ['syntax: expected an anchor before the alias, found *ramp (line 1, column 8)'],
    ],
    [
      'an alias of itself',
      'steps: &ramp [*ramp]\n',
      ['syntax: expected no alias inside its own anchor, found *ramp (line 1, column 15)'],
    ],
  ])('%s', (_, text, problems) => {
    expect(problemsOf(text)).toStrictEqual(problems)
  })

  it('merge keys are keys like any other', () => {
    expect(problemsOf('limits: { <<: { maxInFlight: 1 } }')).toStrictEqual([
      'limits["<<"]: expected one of the keys maxFailedMessages, maxInFlight, maxReceiveCount, found "<<" (line 1, column 11)',
    ])
  })

  it('several mistakes of syntax are reported at once', () => {
    expect(problemsOf('strategy: !a x\nonFailure: !b y\n')).toHaveLength(2)
  })
})

describe('text that is meant to hurt', () => {
  it.each([
    ['lists in lists', '['.repeat(10_000)],
    ['closed lists in lists', '['.repeat(10_000) + ']'.repeat(10_000)],
    ['dashes', '- '.repeat(10_000)],
    ['objects in objects', '{a: '.repeat(10_000)],
    ['keys of keys', '? '.repeat(10_000)],
    ['17 levels', `${'['.repeat(17)}${']'.repeat(17)}`],
  ])('10,000 levels: %s', (_, text) => {
    expect(problemsOf(text)).toStrictEqual(tooDeep)
  })

  it('16 levels are read', () => {
    expect(problemsOf(`${'['.repeat(16)}${']'.repeat(16)}`)).toStrictEqual([
      'the file: expected an object, found a list',
    ])
  })

  it('billion laughs', () => {
    const lines = [
      'a: &a [lol, lol]',
      ...'bcdefghi'.split('').map((name, index) => `${name}: &${name} [${`*${'abcdefgh'[index]}, `.repeat(9)}]`),
    ]
    expect(problemsOf(lines.join('\n'))).toStrictEqual(['the file: expected at most 10 aliases, found 72'])
  })

  it('a few aliases are fine', () => {
    const text = 'steps:\n  - &first { weight: 1%, duration: 1m }\n  - *first\n  - { weight: 2%, duration: 1m }\n'
    expect(readPolicyText(text)).toMatchObject({
      ok: true,
      policy: { steps: [{ weight: 1 }, { weight: 1 }, { weight: 2 }] },
    })
  })

  it('a mistake behind an alias is found', () => {
    expect(problemsOf('steps:\n  - &first { weight: 1, duration: 1m }\n  - *first\n')).toStrictEqual([
      'steps[0].weight: expected a percentage above 0 and up to 100, found 1 without a "%" (line 2, column 22)',
      'steps[1].weight: expected a percentage above 0 and up to 100, found 1 without a "%" (line 2, column 22)',
    ])
  })

  it('more than 64 KiB, counted in bytes', () => {
    expect(problemsOf(`# ${'x'.repeat(65_534)}\n`)).toStrictEqual(tooLong)
    expect(problemsOf(`# ${'é'.repeat(32_767)}\n`)).toStrictEqual(tooLong)
    expect(problemsOf(`# ${'x'.repeat(65_000)}\n{}`)).toStrictEqual([])
  })

  it('keys that change prototypes', () => {
    expect(
      problemsOf('__proto__: { strategy: rolling }\nconstructor: { prototype: { strategy: rolling } }\n'),
    ).toStrictEqual([
      expect.stringMatching(/^__proto__: expected one of the keys .* \(line 1, column 1\)$/),
      expect.stringMatching(/^constructor: expected one of the keys .* \(line 2, column 1\)$/),
    ])
    expect({}).not.toHaveProperty('strategy')
  })

  it('control characters do not reach the terminal', () => {
    expect(problemsOf('strategy: "\\e[2J\\u202e"\n"\\a": 1\n').join()).not.toMatch(/[\p{Cc}\p{Cf}]/u)
  })

  it('any text is answered', () => {
    const pieces = fc.constantFrom(
      'a',
      ':',
      ' ',
      '\n',
      '- ',
      '? ',
      '[',
      ']',
      '{',
      '}',
      '&x ',
      '*x',
      '!t ',
      '"',
      "'",
      '|',
      '>',
      '#',
      '%',
      '---\n',
      '\t',
      '1%',
      ',',
    )
    const texts = fc.oneof(
      fc.array(fc.integer({ min: 0, max: 0xff_ff }), { maxLength: 40 }).map((codes) => String.fromCharCode(...codes)),
      fc.array(pieces, { maxLength: 40 }).map((list) => list.join('')),
    )
    fc.assert(
      fc.property(texts, (text) => {
        const read = readPolicyText(text)
        expect(read.ok || read.problems.length > 0).toBe(true)
      }),
      { numRuns: 300 },
    )
  })
})

describe('JSON', () => {
  it('is read like YAML, tabs and positions included', () => {
    expect(readPolicyText('{\n\t"strategy": "canary",\n\t"limits": { "maxInFlight": 3 }\n}')).toMatchObject({
      ok: true,
      policy: { limits: { maxInFlight: 3 } },
    })
    expect(problemsOf('{\n\t"limits": { "maxInFlight": "3" }\n}')).toStrictEqual([
      'limits.maxInFlight: expected a whole number from 1 to 1000000, found "3" (line 2, column 29)',
    ])
  })
})

describe('a file', () => {
  let folder = ''
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'queue-canary-policy-'))
  })
  afterAll(() => rm(folder, { recursive: true }))

  async function problemsOfFile(name: string, content: string | Uint8Array) {
    const path = join(folder, name)
    await writeFile(path, content)
    const loaded = await loadPolicyFile(path)
    return loaded.ok ? [] : loaded.problems
  }

  it('is read', async () => {
    expect(await problemsOfFile('good.yaml', 'extends: fast\n')).toStrictEqual([])
    expect(await problemsOfFile('mark.yaml', '\ufeffextends: fast\n')).toStrictEqual([])
  })

  it('must be there, be a file, and hold text', async () => {
    expect(await loadPolicyFile(join(folder, 'none'))).toStrictEqual({
      ok: false,
      problems: ['the file: expected a file that can be read, found none of this name'],
    })
    expect(await loadPolicyFile(folder)).toStrictEqual({
      ok: false,
      problems: ['the file: expected a file that can be read, found a directory'],
    })
    expect(await problemsOfFile('utf-16.yaml', Buffer.from('\ufeffextends: fast', 'utf16le'))).toStrictEqual([
      'the file: expected UTF-8 text, found other bytes',
    ])
  })

  it('is not read whole when it is too long', async () => {
    const path = join(folder, 'long.yaml')
    await writeFile(path, '')
    await truncate(path, 8 * 2 ** 30)
    expect(await loadPolicyFile(path)).toStrictEqual({ ok: false, problems: tooLong })
  })
})
