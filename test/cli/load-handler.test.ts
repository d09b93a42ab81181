import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

const variable = 'QUEUE_CANARY_ORDERS_HANDLER'

const good: readonly (readonly [string, string])[] = [
  ['function.mjs', 'export default async (message) => message'],
  ['definition.mjs', 'export default { handle() { return 7 }, warmUp() {} }'],
  ['types.ts', 'type N = number\nexport default { handle: (): N => 7 }'],
  ['renamed.mjs', 'export { handle as default }\nfunction handle() {}'],
  ['common.js', 'module.exports = () => 7'],
  ['compiled.js', 'exports.__esModule = true\nexports.default = () => 7'],
]

const bad: readonly (readonly [string, string | undefined, RegExp])[] = [
  ['nothing.mjs', 'export const handle = () => {}', /expected .*found undefined/],
  ['number.mjs', 'export default 7', /expected .*found number/],
  ['broken.mjs', 'export default (', /SyntaxError/],
  ['enum.ts', 'enum A { B }\nexport default () => A.B', /enum/],
  ['throws.mjs', 'throw new TypeError("the password is hunter2")', /the module threw TypeError while it was loaded$/],
  ['odd.mjs', 'throw undefined', /something that is no error/],
  ['importing.mjs', 'import "./nowhere.mjs"\nexport default () => {}', /Cannot find module .*nowhere\.mjs/],
  ['gone.mjs', undefined, /Cannot find module/],
]

/** Loads every module in a process of its own: here the test runner would load it. */
const script = `
  const { loadHandler } = await import(process.argv[1])
  const results = await Promise.all(process.argv.slice(2).map((name) =>
    loadHandler({ variable: '${variable}', path: './' + name, cwd: process.cwd() }).then(
      ({ handle }) => [name, typeof handle],
      ({ code, message }) => [name, { code, message }],
    )))
  console.log(JSON.stringify(results))
`

describe('handler modules', () => {
  const loaded = new Map<string, unknown>()
  let folder: string

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'handler-'))
    const files = [...good, ...bad].flatMap(([name, source]) => (source === undefined ? [] : [{ name, source }]))
    await Promise.all(files.map(({ name, source }) => writeFile(join(folder, name), source)))
    const names = [...good, ...bad].map(([name]) => name)
    const loader = new URL('../../src/cli/load-handler.ts', import.meta.url).href
    const run = promisify(execFile)(process.execPath, ['--input-type=module', '-e', script, loader, ...names], {
      cwd: folder,
      timeout: 12_000,
    })
    for (const [name, result] of JSON.parse((await run).stdout) as [string, unknown][]) loaded.set(name, result)
  })

  afterAll(() => rm(folder, { recursive: true }))

  it.each(good)('takes %s', (name) => {
    expect(loaded.get(name)).toBe('function')
  })

  it.each(bad)('refuses %s and names variable and file', (name, _, why) => {
    const failure = loaded.get(name)
    expect(failure).toEqual({ code: 'HANDLER_INVALID', message: expect.stringMatching(why) })
    expect(failure).toMatchObject({ message: expect.stringContaining(`${variable} (./${name}): `) })
    expect(JSON.stringify(failure)).not.toContain('hunter2')
  })
})
