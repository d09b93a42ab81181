import { execFileSync } from 'node:child_process'
import { describe, expect, it } from 'vitest'

const compose = new URL('../../src/cli/compose.ts', import.meta.url).href

describe('a store whose driver is not installed', () => {
  it.each([
    ['redis', 'redis://127.0.0.1:1', 'redis'],
    ['nats', 'nats://127.0.0.1:1', '@nats-io/transport-node'],
    ['postgres', 'postgres://app@127.0.0.1:1/db', 'pg'],
  ])('%s is refused before it is asked anything', (kind, url, missing) => {
    const script = `
      import { registerHooks } from 'node:module'
      registerHooks({ resolve(specifier, context, next) {
        return next(specifier === '${missing}' ? 'not-installed' : specifier, context)
      } })
      const { createComposition } = await import('${compose}')
      await createComposition({}).openStore({ kind: '${kind}', url: '${url}' }).catch(({ code }) => console.log(code))`
    const args = ['--conditions=queue-canary-source', '--input-type=module', '-e', script]
    expect(execFileSync(process.execPath, args, { encoding: 'utf8' })).toBe('STORE_REFUSED\n')
  })
})
