import { describe, expect, it } from 'vitest'
import { environmentReference } from '../../src/cli/environment-variables.ts'
import { parseEnvironment, parseStoreSettings } from '../../src/cli/environment.ts'

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

const sqs = 'https://sqs.eu-west-1.amazonaws.com/123456789012'

const orders = {
  name: 'orders',
  brokerName: 'orders',
  broker: { kind: 'rabbitmq', url: 'amqp://me:secret@rabbit/prod' },
  handler: './orders.js',
  canary: undefined,
  policy: undefined,
  concurrency: 10,
  prefetch: 20,
  batch: {},
  handlerTimeoutMs: 30_000,
  maxAttempts: 5,
  retryDelayMs: 1000,
  outagePatienceMs: 120_000,
  handBack: { kind: 'create' },
} as const

describe('parseEnvironment', () => {
  it('needs four variables and has a default for the others', () => {
    expect(parseEnvironment({ ...prefixed(least), PATH: '/bin', QUEUE_CANARYX: '1' })).toStrictEqual({
      ok: true,
      environment: {
        version: 'v1',
        worker: undefined,
        store: { kind: 'sqlite', path: './queue-canary.db' },
        namespace: 'default',
        auto: false,
        whenRetired: 'exit',
        logLevel: 'info',
        drainTimeoutMs: 25_000,
        http: { kind: 'listen', host: '127.0.0.1', port: 9464, isDefault: true },
        metricsHosts: undefined,
        queues: [orders],
      },
    })
  })

  it.each([
    ['orders', undefined, { kind: 'off' }],
    ['orders', 'orders-back', { kind: 'named', name: 'orders-back' }],
    ['orders.fifo', `${sqs}/back.fifo`, { kind: 'named', name: `${sqs}/back.fifo` }],
  ])('a queue of SQS is named by its URL: %s, hand-back %s', (queue, handBack, expected) => {
    const settings = { ...least, ORDERS_URL: `${sqs}/${queue}?region=eu-west-1`, ORDERS_HAND_BACK: handBack }
    const parsed = parseEnvironment(prefixed(settings))
    expect(parsed).toMatchObject({
      environment: { queues: [{ brokerName: queue, broker: { kind: 'sqs' }, handBack: expected }] },
    })
  })

  it('takes no notice of what Kubernetes says of a Service', () => {
    const links = ['SERVICE_HOST', 'SERVICE_PORT', 'SERVICE_PORT_HTTP', 'PORT', 'PORT_9464_TCP', 'PORT_9464_TCP_ADDR']
    const settings = Object.fromEntries(links.map((link) => [link, 'tcp://10.0.0.1:9464']))
    expect(parseEnvironment(prefixed({ ...least, ...settings }))).toEqual(parseEnvironment(prefixed(least)))
  })

  it('reads every variable', () => {
    const parsed = parseEnvironment(
      prefixed({
        ...least,
        QUEUES: 'orders, eu.pay-ments',
        STORE: 'memory:',
        NAMESPACE: 'staging.1',
        HTTP: 'off',
        METRICS_HOSTS: 'Prometheus.internal:9090, 10.0.0.7, [::1]:9090',
        AUTO: 'on',
        ORDERS_POLICY: 'off',
        WHEN_RETIRED: 'idle',
        LOG_LEVEL: 'silent',
        DRAIN_TIMEOUT: '90s',
        WORKER: 'host-1',
        EU_PAY_MENTS_URL: 'memory:',
        EU_PAY_MENTS_NAME: 'payments (eu)',
        EU_PAY_MENTS_HANDLER: '/app/pay.ts',
        EU_PAY_MENTS_CANARY_HANDLER: '/app/pay2.mjs',
        EU_PAY_MENTS_CANARY_VERSION: 'v2+build.5',
        EU_PAY_MENTS_POLICY: 'releases/pay ments.yml',
        EU_PAY_MENTS_CONCURRENCY: '4',
        EU_PAY_MENTS_PREFETCH: '4',
        EU_PAY_MENTS_BATCH_SIZE: '50',
        EU_PAY_MENTS_BATCH_LINGER: '200ms',
        EU_PAY_MENTS_HANDLER_TIMEOUT: '1.5m',
        EU_PAY_MENTS_MAX_ATTEMPTS: '1',
        EU_PAY_MENTS_RETRY_DELAY: '200ms',
        EU_PAY_MENTS_HAND_BACK: 'payments.back',
        NOT_SET: undefined,
      }),
    )
    expect(parsed).toStrictEqual({
      ok: true,
      environment: {
        version: 'v1',
        worker: 'host-1',
        store: { kind: 'memory' },
        namespace: 'staging.1',
        auto: true,
        whenRetired: 'idle',
        logLevel: 'silent',
        drainTimeoutMs: 90_000,
        http: { kind: 'off', isDefault: false },
        metricsHosts: [
          { host: 'prometheus.internal', port: 9090 },
          { host: '10.0.0.7', port: undefined },
          { host: '[::1]', port: 9090 },
        ],
        queues: [
          orders,
          {
            name: 'eu.pay-ments',
            brokerName: 'payments (eu)',
            broker: { kind: 'memory', url: 'memory:' },
            handler: '/app/pay.ts',
            canary: { handler: '/app/pay2.mjs', version: 'v2+build.5' },
            policy: 'releases/pay ments.yml',
            concurrency: 4,
            prefetch: 4,
            batch: { size: 50, lingerMs: 200 },
            handlerTimeoutMs: 90_000,
            maxAttempts: 1,
            retryDelayMs: 200,
            outagePatienceMs: 120_000,
            handBack: { kind: 'named', name: 'payments.back' },
          },
        ],
      },
    })
  })

  it('lets the command line win', () => {
    const parsed = parseEnvironment(prefixed({ ...least, STORE: 'nonsense' }), {
      store: 'sqlite:/data/s.db',
      namespace: 'n',
    })
    expect(parsed).toMatchObject({
      ok: true,
      environment: { store: { kind: 'sqlite', path: '/data/s.db' }, namespace: 'n' },
    })
  })
})

describe('QUEUE_CANARY_HTTP', () => {
  it.each([
    ['127.0.0.1:9464', '127.0.0.1', 9464],
    ['0.0.0.0:80', '0.0.0.0', 80],
    [':0', '127.0.0.1', 0],
    ['localhost:65535', 'localhost', 65_535],
    ['[::1]:9464', '::1', 9464],
    ['metrics.internal:1', 'metrics.internal', 1],
  ])('%s is an address of its own', (text, host, port) => {
    expect(parseEnvironment(prefixed({ ...least, HTTP: text }))).toMatchObject({
      ok: true,
      environment: { http: { kind: 'listen', host, port, isDefault: false } },
    })
  })
})

describe('parseStoreSettings', () => {
  const stores = 'redis[s]://…, nats://…, tls://…, postgres[ql]://…, sqlite:PATH or memory:'
  const names = 'a name of 1 to 64 letters, digits, dots, dashes and underscores'

  it('looks at two variables only', () => {
    expect(parseStoreSettings(prefixed({ NAMESPACE: 'n', NONSENSE: '1' }))).toStrictEqual({
      ok: true,
      place: { store: { kind: 'sqlite', path: './queue-canary.db' }, namespace: 'n' },
    })
  })

  it.each([
    ['redis://cache:6379/1', 'redis'],
    ['rediss://:p%40ss@cache', 'redis'],
    ['nats://token@bus:4222?bucket=a', 'nats'],
    ['tls://bus', 'nats'],
    ['postgres://app:secret@db/app', 'postgres'],
    ['postgresql://app@[::1]:5432/app?table=a.b', 'postgres'],
  ])('%s is a %s store', (url, kind) => {
    expect(parseStoreSettings(prefixed({ STORE: url }))).toMatchObject({ ok: true, place: { store: { kind, url } } })
  })

  it.each([
    'mysql://h',
    'redis:',
    'redis://',
    'redis:// h',
    'postgres://app:a%zz@db/app',
    'nats:bus',
    'sqlite://h',
    'sqlite:',
  ])('%s is no store', (text) => {
    expect(parseStoreSettings(prefixed({ STORE: text }))).toMatchObject({ ok: false })
  })

  it('shows no password of a store', () => {
    const parsed = parseStoreSettings(prefixed({ STORE: 'mongodb://user:hunter2@h/db' }))
    expect(parsed).toMatchObject({ ok: false, problems: [expect.stringContaining('found mongodb://h')] })
    expect(JSON.stringify(parsed)).not.toContain('hunter2')
  })

  it('names the option where the option is wrong', () => {
    expect(parseStoreSettings({}, { store: 'mysql://h', namespace: 'a b' })).toStrictEqual({
      ok: false,
      problems: [`--store: expected ${stores}, found mysql://h`, `--namespace: expected ${names}, found "a b"`],
    })
  })
})

describe('environmentReference', () => {
  it('has a row for every variable', () => {
    const rows = environmentReference()
      .split('\n')
      .filter((row) => row.includes('`QUEUE_CANARY_'))
    expect(rows).toHaveLength(27)
    expect(rows).toContain(
      '| `QUEUE_CANARY_<Q>_CONCURRENCY` | a whole number from 1 to 10000 | 10 | Messages in flight of one consumer when unthrottled. |',
    )
  })
})
