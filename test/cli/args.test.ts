import { describe, expect, it } from 'vitest'
import { parseArguments } from '../../src/cli/args.ts'
import { commandNames, helpText } from '../../src/cli/help.ts'

const place = { store: undefined, namespace: undefined }
const idle = { watch: false, timeoutMs: undefined, exitOnPause: false }

describe('arguments', () => {
  it.each([
    ['--version', { kind: 'version' }],
    ['--help', { kind: 'help', topic: undefined }],
    ['help start', { kind: 'help', topic: 'start' }],
    ['start --queue --help', { kind: 'help', topic: 'start' }],
    ['worker', { kind: 'worker', place }],
    ['worker --store sqlite:a.db --namespace eu', { kind: 'worker', place: { store: 'sqlite:a.db', namespace: 'eu' } }],
    ['demo', { kind: 'demo' }],
    ['doctor --json', { kind: 'doctor', json: true, place }],
    ['status', { kind: 'status', queue: undefined, watch: false, json: false, place }],
    ['status --queue=orders --watch --json', { kind: 'status', queue: 'orders', watch: true, json: true, place }],
    [
      'start --queue orders --version v2 --policy p.yaml',
      { kind: 'start', queues: ['orders'], version: 'v2', policy: 'p.yaml', force: false, json: false, ...idle, place },
    ],
    [
      'start --version v2 --policy p.yaml --queue orders --watch --timeout 90s --exit-on-pause --force --json',
      {
        kind: 'start',
        queues: ['orders'],
        version: 'v2',
        policy: 'p.yaml',
        force: true,
        json: true,
        watch: true,
        timeoutMs: 90_000,
        exitOnPause: true,
        place,
      },
    ],
    [
      'start --queue a --queue b --queue a --version v2 --policy p.yaml',
      { kind: 'start', queues: ['a', 'b'], version: 'v2', policy: 'p.yaml', force: false, json: false, ...idle, place },
    ],
    [
      'promote --queue orders --full',
      { kind: 'operate', wish: 'promote', queue: 'orders', full: true, reason: '', json: false, place },
    ],
    [
      'abort --queue orders --reason why',
      { kind: 'operate', wish: 'abort', queue: 'orders', full: false, reason: 'why', json: false, place },
    ],
    ['pause --queue q', { kind: 'operate', wish: 'pause', queue: 'q', full: false, reason: '', json: false, place }],
    ['resume --queue q', { kind: 'operate', wish: 'resume', queue: 'q', full: false, reason: '', json: false, place }],
    ['retry --queue q --watch', { kind: 'retry', queue: 'q', json: false, ...idle, watch: true, place }],
    ['undo --queue q', { kind: 'undo', queue: 'q', json: false, ...idle, place }],
    ['status --json --watch --json', { kind: 'status', queue: undefined, watch: true, json: true, place }],
    ['policy lint p.yaml --json', { kind: 'policy', args: ['lint', 'p.yaml'], json: true }],
  ])('%s', (line, command) => {
    expect(parseArguments(line.split(' '))).toEqual({ ok: true, command })
  })

  it.each([
    ['', undefined, 'a command is missing'],
    ['deploy', undefined, '"deploy" is no command; the commands are worker, start'],
    ['report --queue q --out f.md', undefined, '"report" is not in this release'],
    ['constructor', undefined, '"constructor" is no command'],
    ['start', 'start', '--queue is missing; --version is missing; --policy is missing'],
    ['start --queue q --version v2', 'start', '--policy is missing'],
    ['start --queue q --version v2 --policy', 'start', '--policy: expected a value, found nothing'],
    ['start --queue --version v2 --policy p', 'start', '--queue: expected a value, found another option'],
    ['start --queue q --version v2 --policy p --timeout 5m', 'start', '--timeout needs --watch'],
    ['start --queue q --version v2 --policy p --exit-on-pause', 'start', '--exit-on-pause needs --watch'],
    ['start --queue q --version v2 --policy p --watch --timeout 5', 'start', '--timeout: expected a duration such as'],
    [
      'start --queue q --version v2 --policy p --watch --timeout -5s',
      'start',
      '--timeout: expected a value, found another option',
    ],
    ['pause --queue a --queue b', 'pause', '--queue: expected one, found 2: only start takes several, as one rollout'],
    ['pause --queue a --reason x --reason y', 'pause', '--reason: expected one, found 2'],
    [
      'start --queue a --queue b --version v2 --version v3 --policy p --policy=q --policy p',
      'start',
      '--version: expected one, found 2; --policy: expected one, found 3',
    ],
    ['worker --store sqlite:a --store sqlite:a', 'worker', '--store: expected one, found 2'],
    ['start --queue= --version v2 --policy p', 'start', '--queue: expected a value, found an empty text'],
    ['start --queue q --version=véé --policy p', 'start', '--version: expected a version of 1 to 128 printable ASCII'],
    ['status orders', 'status', "Unexpected argument 'orders'"],
    ['status --watch=yes', 'status', "Option '--watch' does not take an argument"],
    [
      'status --colour',
      'status',
      "Unknown option '--colour'; the options are --store --namespace --queue --watch --json",
    ],
    ['pause --queue q --full', 'pause', "Unknown option '--full'"],
    [
      `abort --queue q --reason ${'x'.repeat(501)}`,
      'abort',
      '--reason: expected at most 500 characters, found 501 characters',
    ],
    ['demo --fast', 'demo', "Unknown option '--fast'; the command takes no options"],
    ['worker -q', 'worker', "Unknown option '-q'"],
    ['undo', 'undo', '--queue is missing'],
  ])('refuses: %s', (line, topic, why) => {
    const parsed = parseArguments(line === '' ? [] : line.split(' '))
    expect(parsed).toEqual({ ok: false, topic, why: expect.stringContaining(why) })
  })

  it('takes a reason of 500 characters', () => {
    expect(parseArguments(['abort', '--queue', 'q', '--reason', 'x'.repeat(500)])).toMatchObject({ ok: true })
  })

  it('explains every command, with each option that it takes', () => {
    for (const name of commandNames) expect(helpText(name)).toMatch(new RegExp(`^queue-canary ${name}`))
    for (const option of ['--watch', '--timeout', '--exit-on-pause', '--force', '--json', '--store', '--namespace'])
      expect(helpText('start')).toContain(option)
    expect(
      helpText(undefined)
        .split('\n')
        .every((line) => line.length <= 130),
    ).toBe(true)
  })
})
