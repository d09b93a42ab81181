import { describe, expect, it } from 'vitest'
import { message } from '../contract/broker/stage.ts'
import { useTeardown } from '../support/teardown.ts'
import { openSqsLab } from './support/sqs-lab.ts'

const teardown = useTeardown({ deadlineMs: 30_000 })

describe('what doctor says of a queue of SQS', () => {
  it('is well where all is well, and asks for no message', async () => {
    const { helper, queue, proxy, broker } = await openSqsLab(teardown, { visibility: 30 })
    await helper.publish(queue, [message('only')])
    const findings = await broker().diagnose()
    expect(findings.filter(({ level }) => level !== 'ok')).toEqual([])
    expect(findings.map(({ subject }) => subject)).toEqual([
      'connection',
      'queue',
      'visibility timeout',
      'redrive policy',
      'right to receive',
      'right to delete',
      'right to change visibility',
      'right to dead-letter',
      'hand-back queue',
    ])
    expect(await helper.ready(queue)).toBe(1)
    expect(proxy.seen.filter(({ action }) => action === 'ReceiveMessage').length).toBe(1)
  })

  it.each([
    ['ReceiveMessage', 'right to receive', 'error', 'sqs:ReceiveMessage'],
    ['DeleteMessageBatch', 'right to delete', 'error', 'sqs:DeleteMessage'],
    ['ChangeMessageVisibilityBatch', 'right to change visibility', 'error', 'sqs:ChangeMessageVisibility'],
    ['SendMessage', 'right to dead-letter', 'warning', 'sqs:SendMessage'],
  ] as const)('names what is missing where %s is denied', async (denied, subject, level, grant) => {
    const { proxy, broker } = await openSqsLab(teardown)
    proxy.inflict(({ action }) =>
      action === denied ? { kind: 'refuse', status: 400, code: 'AccessDeniedException' } : undefined,
    )
    const finding = (await broker().diagnose()).find((each) => each.subject === subject)
    expect(finding).toMatchObject({ level, found: 'refused' })
    expect(finding?.mend).toContain(grant)
  })

  it('names the right to read attributes, without which nothing can be said', async () => {
    const { proxy, broker } = await openSqsLab(teardown)
    proxy.inflict(() => ({ kind: 'refuse', status: 400, code: 'AccessDeniedException' }))
    const [finding, ...others] = await broker().diagnose()
    expect(others).toEqual([])
    expect(finding?.found).toContain('grant sqs:GetQueueAttributes')
  })

  it.each([
    [{ maxReceiveCount: 2 }, 'redrive policy', /at least 5/],
    [{ maxReceiveCount: 2 }, 'hand-back queue', /raise maxReceiveCount/],
    [{ visibility: 5 }, 'visibility timeout', /at least 20 s/],
  ] as const)('warns of %j', async (options, subject, mend) => {
    const { broker } = await openSqsLab(teardown, options)
    const finding = (await broker().diagnose()).find((each) => each.subject === subject)
    expect(finding?.level).toBe('warning')
    expect(finding?.mend).toMatch(mend)
  })

  it.each([
    ['hand-back queue', /1048576: what is larger is returned/],
    ['dead-letter queue', /1048576: what is larger is not sent there/],
  ] as const)('warns of a %s that takes only smaller messages', async (subject, mend) => {
    const { helper, queue, dead, broker } = await openSqsLab(teardown)
    const handBackQueue = teardown.add(`${queue}-back`, (name) => helper.delete(name))
    await helper.declare(handBackQueue)
    const target = subject === 'hand-back queue' ? handBackQueue : dead
    await helper.set(target, { MaximumMessageSize: '262144' })
    const warnings = async () =>
      (await broker({ handBack: { kind: 'existing', queue: handBackQueue } }).diagnose()).filter(
        ({ level, subject: of }) => level === 'warning' && of.endsWith('queue'),
      )
    expect(await warnings()).toEqual([
      {
        level: 'warning',
        subject,
        found: `"${target}" takes messages of up to 262144 bytes, the queue itself of up to 1048576`,
        mend: expect.stringMatching(mend),
      },
    ])
    await helper.set(queue, { MaximumMessageSize: '262144' })
    expect(await warnings()).toEqual([])
  })

  it('says that a hand-back queue and order do not go together', async () => {
    const { helper, broker } = await openSqsLab(teardown, { fifo: true })
    await helper.declare('diagnose-back.fifo')
    teardown.add('diagnose-back.fifo', (name) => helper.delete(name))
    const findings = await broker({ handBack: { kind: 'existing', queue: 'diagnose-back.fifo' } }).diagnose()
    expect(findings.find(({ subject }) => subject === 'hand-back queue')).toMatchObject({ level: 'warning' })
    expect(() => broker({ handBack: { kind: 'existing', queue: 'standard' } })).toThrow(/a FIFO queue/)
  })
})
