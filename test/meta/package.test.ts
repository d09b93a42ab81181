import { existsSync, readFileSync } from 'node:fs'
import { execFileSync } from 'node:child_process'
import { expect, test } from 'vitest'

const manifest = JSON.parse(readFileSync('package.json', 'utf8'))

test.each(Object.entries(manifest.exports))('the entry point %s has its source', (_, target) => {
  const file = typeof target === 'string' ? target : (target as Record<string, string>)['queue-canary-source']
  expect(existsSync(file ?? '')).toBe(true)
})

interface Pack {
  readonly files: readonly { readonly path: string }[]
}

const packing = ['pack', '--dry-run', '--json', '--ignore-scripts']
const [pack] = JSON.parse(execFileSync('npm', packing, { encoding: 'utf8', stdio: 'pipe' })) as readonly Pack[]
const shipped = pack?.files.map(({ path }) => path) ?? []

const targets = Object.values<string | Record<string, string>>(manifest.exports).flatMap((target) =>
  typeof target === 'string' ? [] : [target],
)

test('nothing leads to sources, which are not shipped, but a condition that no other project has', () => {
  for (const { 'queue-canary-source': source, ...others } of targets) {
    expect(shipped).not.toContain(source?.replace('./', ''))
    expect(Object.values(others).every((path) => path.startsWith('./dist/'))).toBe(true)
  }
})

const pages = [...readFileSync('README.md', 'utf8').matchAll(/\]\((?!https?:)([^)#]+\.md)/g)].map(([, page]) => page)

test.each(pages)('the README leads to the page %s, which is shipped', (page) => {
  expect(shipped).toContain(page)
})

const drivers = ['redis', 'pg', '@nats-io/transport-node']

test.each([
  ...drivers,
  'amqplib',
  '@aws-sdk/client-sqs',
  'bottleneck',
  'yaml',
  'pino',
  'prom-client',
  'node:http',
  'node:sqlite',
])('importing the entry points that do not need it does not load %s', (name) => {
  const stores = ['queue-canary/redis', 'queue-canary/nats', 'queue-canary/postgres']
  const entries: Record<string, readonly string[]> = {
    // a driver is loaded by the first call, so that a missing one is reported by it
    ...Object.fromEntries(drivers.map((driver) => [driver, ['queue-canary', 'queue-canary/sqlite', ...stores]])),
    amqplib: ['queue-canary', 'queue-canary/memory', 'queue-canary/sqs', 'queue-canary/sqlite'],
    '@aws-sdk/client-sqs': ['queue-canary', 'queue-canary/memory', 'queue-canary/rabbitmq', 'queue-canary/sqlite'],
    bottleneck: ['queue-canary/memory', 'queue-canary/rabbitmq', 'queue-canary/sqlite'],
    yaml: ['queue-canary/memory', 'queue-canary/rabbitmq', 'queue-canary/sqlite'],
    pino: ['queue-canary', 'queue-canary/memory', 'queue-canary/rabbitmq', 'queue-canary/sqlite'],
    'node:http': ['queue-canary', 'queue-canary/memory', 'queue-canary/sqlite'],
    'prom-client': ['queue-canary', 'queue-canary/memory', 'queue-canary/rabbitmq', 'queue-canary/sqlite'],
    'node:sqlite': ['queue-canary', 'queue-canary/memory', 'queue-canary/rabbitmq'],
  }
  const script = `
    import { registerHooks } from 'node:module'
    registerHooks({ resolve(specifier, context, next) {
      if (specifier === '${name}') throw new Error('loaded ${name} from ' + context.parentURL)
      return next(specifier, context)
    } })
    for (const entry of ${JSON.stringify(entries[name])}) await import(entry)
    console.log('clean')`
  const output = execFileSync(
    process.execPath,
    ['--conditions=queue-canary-source', '--input-type=module', '-e', script],
    {
      encoding: 'utf8',
    },
  )
  expect(output.trim()).toBe('clean')
})
