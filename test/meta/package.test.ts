import { existsSync, readFileSync } from 'node:fs'
import { execFileSync } from 'node:child_process'
import { expect, test } from 'vitest'

const manifest = JSON.parse(readFileSync('package.json', 'utf8'))

test.each(Object.entries(manifest.exports))('the entry point %s has its source', (_, target) => {
  const file = typeof target === 'string' ? target : (target as { source: string }).source
  expect(existsSync(file)).toBe(true)
})

test.each(['amqplib', '@aws-sdk/client-sqs', 'bottleneck', 'yaml', 'pino', 'prom-client', 'node:http', 'node:sqlite'])(
  'importing the entry points that do not need it does not load %s',
  (name) => {
    const entries: Record<string, readonly string[]> = {
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
    const output = execFileSync(process.execPath, ['--conditions=source', '--input-type=module', '-e', script], {
      encoding: 'utf8',
    })
    expect(output.trim()).toBe('clean')
  },
)
