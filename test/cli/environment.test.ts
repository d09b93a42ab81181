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

const orders = {
  name: 'orders',
  brokerName: 'orders',
  broker: { kind: 'rabbitmq', url: 'amqp://me:secret@rabbit/prod' },
  handler: './orders.js',
  canary: undefined,
  policy: undefined,
  concurrency: 10,
  prefetch: 20,
  handlerTimeoutMs: 30_000,
  maxAttempts: 5,
  retryDelayMs: 1000,
  outagePatienceMs: 300_000,
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
        DRAIN_TIMEOUT: '0s',
        WORKER: 'host-1',
        EU_PAY_MENTS_URL: 'memory:',
        EU_PAY_MENTS_NAME: 'payments (eu)',
        EU_PAY_MENTS_HANDLER: '/app/pay.ts',
        EU_PAY_MENTS_CANARY_HANDLER: '/app/pay2.mjs',
        EU_PAY_MENTS_CANARY_VERSION: 'v2+build.5',
        EU_PAY_MENTS_POLICY: 'releases/pay ments.yml',
        EU_PAY_MENTS_CONCURRENCY: '4',
        EU_PAY_MENTS_PREFETCH: '4',
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
        drainTimeoutMs: 0,
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
            handlerTimeoutMs: 90_000,
            maxAttempts: 1,
            retryDelayMs: 200,
            outagePatienceMs: 300_000,
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
  const stores = 'memory: or sqlite:PATH (redis:, nats: and postgres: are not in this release)'
  const names = 'a name of 1 to 64 letters, digits, dots, dashes and underscores'

  it('looks at two variables only', () => {
    expect(parseStoreSettings(prefixed({ NAMESPACE: 'n', NONSENSE: '1' }))).toStrictEqual({
      ok: true,
      place: { store: { kind: 'sqlite', path: './queue-canary.db' }, namespace: 'n' },
    })
  })

  it('names the option where the option is wrong', () => {
    expect(parseStoreSettings({}, { store: 'nats://h', namespace: 'a b' })).toStrictEqual({
      ok: false,
      problems: [`--store: expected ${stores}, found nats://h`, `--namespace: expected ${names}, found "a b"`],
    })
  })
})

describe('environmentReference', () => {
  it('has a row for every variable', () => {
    const rows = environmentReference()
      .split('\n')
      .filter((row) => row.includes('`QUEUE_CANARY_'))
    expect(rows).toHaveLength(25)
    expect(rows).toContain(
      '| `QUEUE_CANARY_<Q>_CONCURRENCY` | a whole number from 1 to 10000 | 10 | Messages in flight of one consumer when unthrottled. |',
    )
  })
})
