import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { remains } from '../support/eventually.ts'
import { useStage } from './support/use-stage.ts'
import { workerEnvironment } from './support/worker-environment.ts'

describe('doctor', () => {
  const open = useStage()

  it.each(['classic', 'quorum'] as const)('finds nothing wrong with a good set-up on a %s queue', async (type) => {
    const stage = await open({ type })
    const { code, stdout } = await stage.run(['doctor', '--json'], workerEnvironment(stage, 'v1'))
    expect({ code, stdout }).toMatchObject({ code: 0 })
    expect(stdout).not.toMatch(/"level":\s*"error"/)
    expect(await stage.queues.depths()).toEqual({ queue: 0, dead: 0, handBack: 0 })
  })

  it('names a queue that does not exist', async () => {
    const stage = await open({ type: 'classic' })
    const env = workerEnvironment(stage, 'v1', { env: { QUEUE_CANARY_ORDERS_NAME: `${stage.queues.name}-missing` } })
    const { code, stdout, stderr } = await stage.run(['doctor'], env)
    expect({ code, text: stdout + stderr }).toMatchObject({ code: 2 })
    expect(stdout + stderr).toContain(`${stage.queues.name}-missing`)
  })

  it.each(['classic', 'quorum'] as const)(
    'refuses a %s queue with a single active consumer, and says why',
    async (type) => {
      const stage = await open({ type, singleActive: true })
      const { code, stdout, stderr } = await stage.run(['doctor'], workerEnvironment(stage, 'v1'))
      expect({ code, text: stdout + stderr }).toMatchObject({ code: 2 })
      expect(stdout + stderr).toMatch(/single active consumer/i)
    },
  )

  it('says that the broker refuses the login, without the password', async () => {
    const stage = await open({ type: 'classic' })
    const wrong = 'wrong-pass-word-5521'
    const url = (stage.access['QUEUE_CANARY_ORDERS_URL'] ?? '').replace(/:[^:@]+@/, `:${wrong}@`)
    const env = workerEnvironment(stage, 'v1', { env: { QUEUE_CANARY_ORDERS_URL: url } })
    const { code, stdout, stderr } = await stage.run(['doctor'], env)
    expect([2, 6]).toContain(code)
    expect(stdout + stderr).not.toContain(wrong)
    expect(stdout + stderr).toMatch(/login|password|credential|authenticat|refuse/i)
  })

  it('says that no broker answers', async () => {
    const stage = await open({ type: 'classic' })
    const url = 'amqp://user:secret-5522@127.0.0.1:1'
    const { code, stdout, stderr } = await stage.run(
      ['doctor'],
      workerEnvironment(stage, 'v1', { env: { QUEUE_CANARY_ORDERS_URL: url } }),
    )
    expect({ code, text: stdout + stderr }).toMatchObject({ code: 6 })
    expect(stdout + stderr).not.toContain('secret-5522')
  })
})

describe('mistakes', () => {
  const open = useStage()

  it('in the environment end the worker with 2, all of them named, before anything is consumed or stored', async () => {
    const stage = await open({ type: 'classic' })
    await stage.publisher.backlog(10)
    const env = {
      QUEUE_CANARY_VERSION: '',
      QUEUE_CANARY_ORDERS_CONCURRENCY: 'many',
      QUEUE_CANARY_ORDERS_HANDLER_TIMEOUT: '30',
      QUEUE_CANARY_ODERS_NAME: 'orders',
    }
    const worker = stage.launchWorker('v1', { env })
    await worker.exitsWith(2)
    for (const name of Object.keys(env)) expect(worker.stdout + worker.stderr).toContain(name)
    expect((await stage.queues.depths()).queue).toBe(10)
    expect(existsSync(join(stage.dir, 'state.db'))).toBe(false)
    expect(stage.ledger()).toEqual([])
  })

  it('in the handler module end the worker with 2, before anything is consumed', async () => {
    const stage = await open({ type: 'classic' })
    await stage.publisher.backlog(10)
    const worker = stage.launchWorker('v1', { env: { QUEUE_CANARY_ORDERS_HANDLER: './no-such-handler.mjs' } })
    await worker.exitsWith(2)
    expect(worker.stderr).toContain('QUEUE_CANARY_ORDERS_HANDLER')
    expect((await stage.queues.depths()).queue).toBe(10)
  })

  it.each([
    ['a weight', 'steps:\n  - { weight: abc }\n', /steps\[0\]\.weight.*line 2/s],
    ['a key', 'stepz: []\n', /stepz/],
    ['two at once', 'strategy: blue\nlimits: { maxFailedMessages: 0 }\n', /strategy[\s\S]*maxFailedMessages/],
    ['a part that is not built', 'webhooks:\n  - { name: a, type: event, url: "http://localhost/" }\n', /webhooks/],
  ])('in the policy (%s) end start with 2, and nothing starts', async (_, policy, says) => {
    const stage = await open({ type: 'classic' })
    await stage.worker('v1')
    const start = stage.start('v2', policy)
    await start.exitsWith(2)
    expect(start.stdout + start.stderr).toMatch(says)
    expect(await stage.status()).toMatchObject({ phase: null, current: 'v1', history: [] })
  })

  it('in the wish end start with 2: a version in charge already, a second rollout', async () => {
    const stage = await open({ type: 'classic' })
    await stage.worker('v1')
    await stage.start('v1', {}).exitsWith(2)
    const first = stage.start('v2', {})
    await first.says(/Initialized|waits/i)
    const second = stage.start('v3', {})
    await second.exitsWith(2)
    expect(second.stderr).toContain('v2')
    await remains(async () => (await stage.status()).canary?.version === 'v2', { what: 'the first rollout goes on' })
  })

  it('of order: a rollout of a queue that no worker knows', async () => {
    const stage = await open({ type: 'classic' })
    const start = stage.start('v2', {})
    expect((await start.exited()).code).toBeGreaterThan(0)
    expect(start.stderr).toMatch(/worker/i)
  })
})
