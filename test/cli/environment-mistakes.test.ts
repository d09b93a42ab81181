import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parseEnvironment } from '../../src/cli/environment.ts'

type Settings = Readonly<Record<string, string | undefined>>

/** Variables without the prefix that they all have. */
function prefixed(settings: Settings): Settings {
  return Object.fromEntries(Object.entries(settings).map(([name, text]) => [`QUEUE_CANARY_${name}`, text]))
}

const least: Settings = {
  VERSION: 'v1',
  QUEUES: 'orders',
  ORDERS_URL: 'amqp://me:secret@rabbit/prod',
  ORDERS_HANDLER: './orders.js',
}

function problemsOf(settings: Settings, overrides?: { store?: string; namespace?: string }): readonly string[] {
  const parsed = parseEnvironment(prefixed(settings), overrides)
  return parsed.ok ? [] : parsed.problems.map((line) => line.replaceAll('QUEUE_CANARY_', ''))
}

const names = 'a name of 1 to 64 letters, digits, dots, dashes and underscores'
const stores = 'redis[s]://…, nats://…, tls://…, postgres[ql]://…, sqlite:PATH or memory:'
const brokers = 'amqp://…, amqps://…, https://sqs.REGION.amazonaws.com/ACCOUNT/QUEUE or memory:'
const sqs = 'https://sqs.eu-west-1.amazonaws.com/123456789012'
const versions = 'a version of 1 to 128 printable ASCII characters without spaces, and no URL'
const queueNames = 'names of queues separated by commas, each of 1 to 255 bytes'
const addresses = 'off, HOST:PORT, [IPV6]:PORT, or :PORT for 127.0.0.1 (port 0 takes a free one)'
const hosts = 'hosts separated by commas, each HOST or HOST:PORT (IPv6 in brackets)'
const modules = 'the path of a .js, .mjs or .ts file'

/** What is changed in a good environment, and every line that is said about it. */
const mistakes: readonly (readonly [Settings, readonly string[]])[] = [
  [{ VERSION: undefined }, [`VERSION: expected ${versions}, found nothing`]],
  [{ VERSION: 'v 1' }, [`VERSION: expected ${versions}, found "v 1"`]],
  [{ VERSION: 'redis://me:secret@cache' }, [`VERSION: expected ${versions}, found redis://cache`]],
  [{ VERSION: '' }, [`VERSION: expected ${versions}, found ""`]],
  [{ STORE: 'reddis://:secret@cache:6379/0' }, [`STORE: expected ${stores}, found reddis://cache:6379`]],
  [{ STORE: 'postgres://me:sec/ret@db/app' }, [`STORE: expected ${stores}, found postgres://…`]],
  [{ STORE: 'sqlite:' }, [`STORE: expected ${stores}, found sqlite:…`]],
  [{ STORE: 'sqlite://state.db' }, [`STORE: expected ${stores}, found sqlite://state.db`]],
  [{ STORE: 'sqlite::memory:' }, [`STORE: expected ${stores}, found sqlite:…`]],
  ...['sqlite: state.db', 'sqlite:state.db ', 'sqlite:state.db\n', 'sqlite:state\n.db'].map(
    (text): [Settings, string[]] => [
      { STORE: text },
      [`STORE: expected ${stores}, found sqlite:… with white space in it`],
    ],
  ),
  [{ STORE: 'sqlite:a\u0007.db' }, [`STORE: expected ${stores}, found sqlite:… with a control character in it`]],
  [
    { STORE: 'redis://127.0.0.1:1/0 ' },
    [`STORE: expected ${stores}, found redis://127.0.0.1:1 with white space in it`],
  ],
  [
    { ORDERS_URL: 'amqp://me:secret@rabbit/prod\n' },
    [`ORDERS_URL: expected ${brokers}, found amqp://rabbit with white space in it`],
  ],
  [{ STORE: './state.db' }, [`STORE: expected ${stores}, found text that is no URL`]],
  [{ NAMESPACE: 'a/b' }, [`NAMESPACE: expected ${names}, found "a/b"`]],
  [{ NAMESPACE: '' }, [`NAMESPACE: expected ${names}, found ""`]],
  ...['9464', '127.0.0.1', 'a b:1', '::1:9464', 'localhost:65536', 'localhost:', '[x]:1', ''].map(
    (text): [Settings, string[]] => [{ HTTP: text }, [`HTTP: expected ${addresses}, found "${text}"`]],
  ),
  [{ HTTP: 'on' }, [`HTTP: expected ${addresses}, found text that is no address`]],
  [{ HTTP: 'http://me:secret@host:1' }, [`HTTP: expected ${addresses}, found http://host:1`]],
  [{ METRICS_HOSTS: 'a,,b' }, [`METRICS_HOSTS: expected ${hosts}, found text that is no address`]],
  [{ METRICS_HOSTS: 'a:b' }, [`METRICS_HOSTS: expected ${hosts}, found text that is no address`]],
  [{ METRICS_HOSTS: 'a:65536' }, [`METRICS_HOSTS: expected ${hosts}, found "a:65536"`]],
  [{ METRICS_HOSTS: '[x]' }, [`METRICS_HOSTS: expected ${hosts}, found text that is no address`]],
  [{ METRICS_HOSTS: 'http://prometheus:9090' }, [`METRICS_HOSTS: expected ${hosts}, found http://prometheus:9090`]],
  [
    { TOKEN: 'secret' },
    ['TOKEN: expected off or unset (endpoints that change something are not in this release), found another value'],
  ],
  [{ TOKEN: '' }, ['TOKEN: expected off or unset (endpoints that change something are not in this release), found ""']],
  [{ ORDERS_POLICY: '' }, ['ORDERS_POLICY: expected off, or the path of a .yaml, .yml or .json file, found ""']],
  [{ AUTO: 'yes' }, ['AUTO: expected on or off, found "yes"']],
  [{ AUTO: 'on' }, ['ORDERS_POLICY: expected a policy file, or off, beside AUTO=on, found nothing']],
  [
    { ORDERS_POLICY: 'p.txt' },
    ['ORDERS_POLICY: expected off, or the path of a .yaml, .yml or .json file, found another value'],
  ],
  [{ WHEN_RETIRED: 'stop' }, ['WHEN_RETIRED: expected exit or idle, found "stop"']],
  [{ LOG_LEVEL: 'verbose' }, ['LOG_LEVEL: expected trace, debug, info, warn, error, fatal or silent, found "verbose"']],
  [{ DRAIN_TIMEOUT: '25' }, ['DRAIN_TIMEOUT: expected a duration from 1ms to 1d (units ms, s, m, h, d), found "25"']],
  [{ WORKER: 'a b' }, ['WORKER: expected an id of 1 to 128 letters, digits and . _ : @ -, found "a b"']],
  [{ ORDERS_URL: undefined }, [`ORDERS_URL: expected ${brokers}, found nothing`]],
  [
    { ORDERS_URL: 'https://sqs.eu-west-1.amazonaws.com/orders' },
    [`ORDERS_URL: expected ${brokers}, found https://sqs.eu-west-1.amazonaws.com`],
  ],
  [
    { ORDERS_URL: `${sqs.replace('sqs', 'key:HUNTER2@sqs')}/orders` },
    [`ORDERS_URL: expected ${brokers}, found https://sqs.eu-west-1.amazonaws.com`],
  ],
  [{ ORDERS_URL: `${sqs}/or.ders` }, [`ORDERS_URL: expected ${brokers}, found https://sqs.eu-west-1.amazonaws.com`]],
  [
    { ORDERS_URL: `${sqs}/orders`, ORDERS_NAME: 'others' },
    ['ORDERS_NAME: expected no value, as the URL names the queue, found "others"'],
  ],
  [
    { ORDERS_URL: `${sqs}/orders`, ORDERS_HAND_BACK: 'create' },
    ['ORDERS_HAND_BACK: expected off, or the name or URL of a standard queue that you have made, found "create"'],
  ],
  [
    { ORDERS_URL: `${sqs}/orders`, ORDERS_HAND_BACK: 'back.fifo' },
    ['ORDERS_HAND_BACK: expected off, or the name or URL of a standard queue that you have made, found "back.fifo"'],
  ],
  [
    { ORDERS_URL: `${sqs}/orders.fifo`, ORDERS_HAND_BACK: `${sqs}/back` },
    [
      'ORDERS_HAND_BACK: expected off, or the name or URL of a FIFO queue that you have made, found https://sqs.eu-west-1.amazonaws.com',
    ],
  ],
  [{ ORDERS_URL: 'amqp://me:sec/ret@rabbit' }, [`ORDERS_URL: expected ${brokers}, found amqp://…`]],
  [{ ORDERS_URL: 'amqp://me:%zz@rabbit' }, [`ORDERS_URL: expected ${brokers}, found amqp://rabbit`]],
  [{ ORDERS_URL: 'rabbit:5672' }, [`ORDERS_URL: expected ${brokers}, found rabbit:…`]],
  [
    { ORDERS_NAME: 'a\u0007b' },
    [
      String.raw`ORDERS_NAME: expected the name of a queue of 1 to 255 bytes without control characters, found "a\u0007b"`,
    ],
  ],
  [{ ORDERS_HANDLER: undefined }, [`ORDERS_HANDLER: expected ${modules}, found nothing`]],
  [{ ORDERS_HANDLER: './orders' }, [`ORDERS_HANDLER: expected ${modules}, found "./orders"`]],
  [
    { ORDERS_CANARY_HANDLER: './v2.js' },
    ['ORDERS_CANARY_VERSION: expected a value beside ORDERS_CANARY_HANDLER, found nothing'],
  ],
  [
    { ORDERS_CANARY_VERSION: 'v2' },
    ['ORDERS_CANARY_HANDLER: expected a value beside ORDERS_CANARY_VERSION, found nothing'],
  ],
  [
    { ORDERS_CANARY_HANDLER: './v2.js', ORDERS_CANARY_VERSION: 'v1' },
    ['ORDERS_CANARY_VERSION: expected a version other than VERSION, found "v1"'],
  ],
  [{ ORDERS_CONCURRENCY: '0' }, ['ORDERS_CONCURRENCY: expected a whole number from 1 to 10000, found "0"']],
  [{ ORDERS_CONCURRENCY: '1e3' }, ['ORDERS_CONCURRENCY: expected a whole number from 1 to 10000, found "1e3"']],
  [{ ORDERS_PREFETCH: '9' }, ['ORDERS_PREFETCH: expected at least the concurrency (10), found 9']],
  [
    { ORDERS_HANDLER_TIMEOUT: '13h' },
    ['ORDERS_HANDLER_TIMEOUT: expected a duration from 1ms to 12h (units ms, s, m, h, d), found "13h"'],
  ],
  [{ ORDERS_MAX_ATTEMPTS: '-1' }, ['ORDERS_MAX_ATTEMPTS: expected a whole number from 1 to 1000, found "-1"']],
  [
    { ORDERS_RETRY_DELAY: 'soon' },
    ['ORDERS_RETRY_DELAY: expected a duration from 0s to 1h (units ms, s, m, h, d), found "soon"'],
  ],
  [
    { ORDERS_HAND_BACK: 'https://sqs/1/back' },
    ['ORDERS_HAND_BACK: expected create, off, or the name of a queue, found https://sqs'],
  ],
  [
    { QUEUES: 'orders,' },
    [`QUEUES: expected ${queueNames}, found "orders,"`, ...['ORDERS_HANDLER', 'ORDERS_URL'].map(stray)],
  ],
  [
    { QUEUES: `orders,${'é'.repeat(128)}` },
    [
      `QUEUES: expected ${queueNames}, found "orders,${'é'.repeat(30)}…"`,
      ...['ORDERS_HANDLER', 'ORDERS_URL'].map(stray),
    ],
  ],
  [
    { QUEUES: 'amqp://me:secret@rabbit' },
    [`QUEUES: expected ${queueNames}, found amqp://rabbit`, ...['ORDERS_HANDLER', 'ORDERS_URL'].map(stray)],
  ],
  [{ QUEUES: 'orders,orders' }, ['QUEUES: expected queues with variables of their own, found "orders" twice']],
  [
    { QUEUES: 'orders,a.b,a-b', A_B_URL: 'memory:', A_B_HANDLER: 'a.js' },
    ['QUEUES: expected queues with variables of their own, found "a.b" and "a-b", which share A_B_HAND_BACK'],
  ],
  [
    {
      QUEUES: 'orders,orders-canary',
      ORDERS_CANARY_URL: 'memory:',
      ORDERS_CANARY_HANDLER: 'a.js',
      ORDERS_CANARY_VERSION: 'v2',
    },
    [
      'QUEUES: expected queues with variables of their own, found "orders" and "orders-canary", which share ORDERS_CANARY_HANDLER',
    ],
  ],
  [
    { QUEUES: 'orders,b', B_URL: least['ORDERS_URL'], B_NAME: 'orders', B_HANDLER: 'b.js' },
    [
      'B_NAME: expected a queue that no other one is, found the queue of "orders"',
      'B_HAND_BACK: expected a hand-back queue that no other one is, found the hand-back queue of "orders"',
    ],
  ],
  [
    { ORDERS_HAND_BACK: 'orders' },
    ['ORDERS_HAND_BACK: expected a hand-back queue that no other one is, found the queue of "orders"'],
  ],
  ...(['shared', 'orders.queue-canary.hand-back'] as const).map((handBack): [Settings, string[]] => [
    {
      QUEUES: 'orders,b',
      ORDERS_HAND_BACK: handBack === 'shared' ? handBack : undefined,
      B_URL: least['ORDERS_URL'],
      B_HANDLER: 'b.js',
      B_HAND_BACK: handBack,
    },
    ['B_HAND_BACK: expected a hand-back queue that no other one is, found the hand-back queue of "orders"'],
  ]),
  [
    { QUEUES: 'orders,b', B_URL: least['ORDERS_URL'], B_HANDLER: 'b.js', B_HAND_BACK: 'orders' },
    ['B_HAND_BACK: expected a hand-back queue that no other one is, found the queue of "orders"'],
  ],
  [
    {
      QUEUES: 'orders,b',
      ORDERS_URL: `${sqs}/orders`,
      ORDERS_HAND_BACK: `${sqs}/back?region=eu-west-1`,
      B_URL: `${sqs}/b`,
      B_HANDLER: 'b.js',
      B_HAND_BACK: 'back',
    },
    ['B_HAND_BACK: expected a hand-back queue that no other one is, found the hand-back queue of "orders"'],
  ],
  [{ VERISON: 'v1' }, ['VERISON: expected a known variable (did you mean VERSION?), found an unknown one']],
  [{ ORDER_URL: 'memory:' }, ['ORDER_URL: expected a known variable (did you mean ORDERS_URL?), found an unknown one']],
  [{ PAYMENTS_URL: 'memory:' }, [stray('PAYMENTS_URL')]],
]

function stray(name: string): string {
  return `${name}: expected a known variable (a queue's variables need the queue in QUEUES), found an unknown one`
}

describe('a mistake in the environment', () => {
  it.each(mistakes)('%j', (change, lines) => {
    expect(problemsOf({ ...least, ...change })).toStrictEqual(lines)
  })

  it('is reported with all the others', () => {
    const problems = problemsOf(
      { QUEUES: 'orders', STORE: 'x', ORDERS_MAX_ATTEMPTS: 'x', VERISON: 'v1' },
      { namespace: ' ' },
    )
    expect(problems.map((line) => line.split(':')[0])).toStrictEqual([
      'VERSION',
      'STORE',
      '--namespace',
      'ORDERS_URL',
      'ORDERS_HANDLER',
      'ORDERS_MAX_ATTEMPTS',
      'VERISON',
    ])
  })

  it('never shows a secret, whatever it is', () => {
    const urls = [
      'amqp://me:HUNTER2@rabbit:port',
      'redis://HUNTER2@h',
      'amqp:// me:HUNTER2@h',
      'x://a:b@HUNTER2@c',
      'https://h/HUNTER2',
    ]
    const forSecrets = ['STORE', 'TOKEN', 'HTTP', 'METRICS_HOSTS', 'ORDERS_URL', 'ORDERS_POLICY', 'UNKNOWN_SECRET']
    const others = [
      'VERSION',
      'QUEUES',
      'NAMESPACE',
      'WORKER',
      'ORDERS_HANDLER',
      'ORDERS_CONCURRENCY',
      'ORDERS_HAND_BACK',
    ]
    const pasted = fc.oneof(
      fc.tuple(fc.constantFrom(...forSecrets), fc.constantFrom('HUNTER2', ...urls)),
      fc.tuple(fc.constantFrom(...others), fc.constantFrom(...urls)),
    )
    fc.assert(
      fc.property(pasted, ([name, text]) => {
        expect(problemsOf({ ...least, [name]: text }).join()).not.toContain('HUNTER2')
      }),
    )
  })
})
