import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { readPolicyText } from '../../src/policy-file.ts'
import { composeServices, environmentInImage, imageVariables } from '../support/shipped-files.ts'

const dockerfile = readFileSync('Dockerfile', 'utf8')
const services = composeServices()
const all = Object.entries(services)
const workers = all.filter(([, { environment }]) => environment?.['QUEUE_CANARY_VERSION'] !== undefined)

describe('the image', () => {
  const copied = [...dockerfile.matchAll(/^COPY (?!--from)(.+) \S+$/gm)].flatMap(([, sources = '']) =>
    sources.split(' '),
  )

  test.each(copied)('is built from %s, which exists and is part of the build context', (source) => {
    expect(existsSync(source)).toBe(true)
    expect(readFileSync('.dockerignore', 'utf8').split('\n')).toContain(`!${source}`)
  })

  test('runs what the build makes, and asks the endpoints by a file that exists', () => {
    const manifest = JSON.parse(readFileSync('package.json', 'utf8'))
    expect(dockerfile).toContain(
      `/node_modules/queue-canary/${manifest.bin['queue-canary']} /usr/local/bin/queue-canary`,
    )
    const [, healthcheck = ''] = /\/queue-canary\/dist\/(src\/\S+)\.js"\]$/m.exec(dockerfile) ?? []
    expect(existsSync(`${healthcheck}.ts`)).toBe(true)
    expect(dockerfile).toContain(`EXPOSE ${imageVariables()['QUEUE_CANARY_HTTP']?.split(':').at(-1)}\n`)
  })
})

describe('docker-compose.yml', () => {
  test('shows two workers of one version and one of another', () => {
    expect(workers.map(([name, { scale = 1 }]) => [name, scale])).toEqual([
      ['stable', 2],
      ['canary', 1],
    ])
  })

  test.each(all)(
    '%s runs an image that is built here or that the tests use, after services that exist',
    (_, service) => {
      const known = ['queue-canary', 'rabbitmq:4-management', 'redis:8', 'prom/prometheus']
      expect(known).toContain(service.image)
      expect(Object.keys(services)).toEqual(expect.arrayContaining(Object.keys(service.depends_on ?? {})))
      for (const volume of service.volumes ?? []) expect(existsSync(volume.split(':')[0] ?? '')).toBe(true)
    },
  )

  test('its image is built once, and pulled by nobody', () => {
    const ours = all.filter(([, { image }]) => image === 'queue-canary')
    expect(ours.flatMap(([name, { build }]) => (build === '.' ? [name] : []))).toEqual(['stable'])
    for (const [name, service] of ours) expect([name, service.pull_policy]).toEqual([name, 'never'])
  })

  test.each(workers)('%s has an environment that a worker accepts, and time to drain', (_, service) => {
    const environment = environmentInImage(service.environment ?? {})
    expect(Number.parseInt(service.stop_grace_period ?? '10s', 10) * 1_000).toBeGreaterThan(environment.drainTimeoutMs)
    expect(service).toMatchObject({ restart: 'on-failure', read_only: true, cap_drop: ['ALL'] })
    expect(environment.whenRetired).toBe('exit')
    for (const { handler } of environment.queues) expect(existsSync(join('examples', handler))).toBe(true)
  })

  test('its policy has no mistakes, and Prometheus asks its workers where they listen', () => {
    expect(readPolicyText(readFileSync('examples/containers/policy.yaml', 'utf8'))).toMatchObject({ ok: true })
    const prometheus = parse(readFileSync('examples/containers/prometheus.yml', 'utf8'))
    expect(prometheus.scrape_configs[0].dns_sd_configs[0]).toMatchObject({
      names: workers.map(([name]) => name),
      port: Number(imageVariables()['QUEUE_CANARY_HTTP']?.split(':').at(-1)),
    })
  })
})
