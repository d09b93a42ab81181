import { spawnSync } from 'node:child_process'
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { runPolicyCommand } from '../../src/cli/commands/policy.ts'
import { fakeIo } from '../cli/fake-io.ts'
import { environmentInImage, imageVariables } from '../support/shipped-files.ts'
import { useTeardown } from '../support/teardown.ts'

const teardown = useTeardown()
const folder = 'examples/kubernetes'

interface Deployment {
  readonly metadata: { readonly name: string }
  readonly spec: {
    readonly replicas: number
    readonly selector: { readonly matchLabels: Readonly<Record<string, string>> }
    readonly template: {
      readonly metadata: { readonly labels: Readonly<Record<string, string>> }
      readonly spec: PodSpec
    }
  }
}

interface PodSpec {
  readonly terminationGracePeriodSeconds: number
  readonly securityContext: Readonly<Record<string, unknown>>
  readonly containers: readonly [Container]
}

interface Container {
  readonly image: string
  readonly env: readonly Variable[]
  readonly ports: readonly [{ readonly name: string; readonly containerPort: number }]
  readonly livenessProbe: Probe
  readonly readinessProbe: Probe
  readonly lifecycle: { readonly preStop: { readonly sleep: { readonly seconds: number } } }
  readonly securityContext: Readonly<Record<string, unknown>>
}

interface Probe {
  readonly httpGet: { readonly path: string; readonly port: string }
}

interface Variable {
  readonly name: string
  readonly value?: string
  readonly valueFrom?: {
    readonly secretKeyRef?: { readonly name: string; readonly key: string }
    readonly fieldRef?: { readonly fieldPath: string }
  }
}

/** Of the CI job. */
interface Step {
  readonly uses?: string
  readonly with?: Readonly<Record<string, unknown>>
  readonly run?: string
}

interface Released {
  readonly code: number | null
  /** What was asked of kubectl, a line each. */
  readonly calls: readonly string[]
  /** What was applied. */
  readonly applied: string
}

/** Runs release.sh with a kubectl that writes down what it is asked, and whose `exec` ends with `code`. */
function release(code: number): Released {
  const place = teardown.add(mkdtempSync(join(tmpdir(), 'release-')), (path) => rmSync(path, { recursive: true }))
  const [calls, applied, kubectl] = [join(place, 'calls'), join(place, 'applied'), join(place, 'kubectl')]
  writeFileSync(
    kubectl,
    `#!/bin/sh\necho "$@" >> '${calls}'\ncase $1 in apply) cat > '${applied}' ;; exec) exit ${code} ;; esac\n`,
  )
  chmodSync(kubectl, 0o755)
  const env = {
    PATH: `${place}${delimiter}${process.env['PATH']}`,
    VERSION: '2.0',
    IMAGE: 'registry.example/orders:2.0',
    REPLICAS: '3',
  }
  const { status } = spawnSync('sh', [join(folder, 'release.sh')], { env, timeout: 10_000 })
  return { code: status, calls: readFileSync(calls, 'utf8').trim().split('\n'), applied: readFileSync(applied, 'utf8') }
}

/** What the cluster puts in place of a reference, by the key of the secret or the path of the field. */
const resolved: Readonly<Record<string, string>> = {
  broker: 'amqp://app:secret@rabbitmq:5672',
  store: 'redis://redis:6379',
  'metadata.name': 'orders-2.0-7d9f8-x2x4z',
}

function variablesOf({ env }: Container): Record<string, string | undefined> {
  return Object.fromEntries(
    env.map(({ name, value, valueFrom }) => {
      const reference = valueFrom?.secretKeyRef?.key ?? valueFrom?.fieldRef?.fieldPath
      return [name, reference === undefined ? value : resolved[reference]]
    }),
  )
}

describe('the deployment of a version', () => {
  const { metadata, spec } = parse(release(0).applied) as Deployment
  const pod = spec.template.spec
  const [container] = pod.containers

  test('is named and selected by its version, so that two of them live side by side', () => {
    expect(metadata.name).toBe('orders-2.0')
    expect(spec).toMatchObject({ replicas: 3, selector: { matchLabels: { app: 'orders', version: '2.0' } } })
    expect(spec.template.metadata.labels).toEqual(spec.selector.matchLabels)
    expect(container.image).toBe('registry.example/orders:2.0')
  })

  test('has an environment that a worker accepts, time to drain, and idles once it is retired', () => {
    const { version, whenRetired, drainTimeoutMs } = environmentInImage(variablesOf(container))
    expect({ version, whenRetired }).toEqual({ version: '2.0', whenRetired: 'idle' })
    const left = pod.terminationGracePeriodSeconds - container.lifecycle.preStop.sleep.seconds
    expect(left * 1_000).toBeGreaterThan(drainTimeoutMs)
  })

  test('is asked where the image listens, and has no rights', () => {
    const [port] = container.ports
    expect(imageVariables()['QUEUE_CANARY_HTTP']).toBe(`0.0.0.0:${port.containerPort}`)
    expect(container.livenessProbe.httpGet).toEqual({ path: '/healthz', port: port.name })
    expect(container.readinessProbe.httpGet).toEqual({ path: '/readyz', port: port.name })
    expect(pod.securityContext).toMatchObject({ runAsNonRoot: true, runAsUser: 65_532 })
    expect(container.securityContext).toMatchObject({ allowPrivilegeEscalation: false, readOnlyRootFilesystem: true })
  })
})

describe('release.sh ends as the rollout does', () => {
  const started = 'start --queue orders --version 2.0 --policy /app/policy.yaml --watch --timeout 3h'

  test.each([
    [0, 'scale deployment --selector app=orders,version!=2.0 --replicas=0'],
    [3, 'scale deployment/orders-2.0 --replicas=0'],
    [1, undefined],
    [5, undefined],
    [6, undefined],
  ])('code %i is followed by %s', (code, followed) => {
    const released = release(code)
    expect(released.code).toBe(code)
    expect(released.calls).toEqual([
      'apply -f -',
      'rollout status deployment/orders-2.0 --timeout=5m',
      `exec deployment/orders-2.0 -- queue-canary ${started}`,
      ...(followed === undefined ? [] : [followed]),
    ])
  })
})

test('the CI job runs it with what it reads', () => {
  const { jobs } = parse(readFileSync(join(folder, 'release-workflow.yml'), 'utf8'))
  const read = [...readFileSync(join(folder, 'release.sh'), 'utf8').matchAll(/\$([A-Z]+)/g)].map(([, name]) => name)
  expect(Object.keys(jobs.release.env)).toEqual(expect.arrayContaining(read))
  expect(jobs.release.steps.at(-1)).toEqual({ run: './release.sh' })
})

test('the CI job has a Node that queue-canary runs on, and a policy whose tests hold', async () => {
  const { jobs } = parse(readFileSync(join(folder, 'release-workflow.yml'), 'utf8'))
  const steps = jobs.release.steps as readonly Step[]
  const setup = steps.findIndex(({ uses }) => uses?.startsWith('actions/setup-node@'))
  const [step, words] = steps.flatMap(({ run }, index) => {
    const [, policy] = /npx queue-canary policy (.+)$/.exec(run ?? '') ?? []
    return policy === undefined ? [] : [index, policy.split(' ')]
  }) as [number, readonly string[]]
  const { engines } = JSON.parse(readFileSync('package.json', 'utf8'))
  expect(steps[setup]?.with?.['node-version']).toBe(Number(engines.node.slice('>='.length)))
  expect(setup).toBeLessThan(step)
  const io = fakeIo({ cwd: folder })
  expect({ code: await runPolicyCommand(words, io, false), said: io.stderr() }).toEqual({ code: 0, said: '' })
})
