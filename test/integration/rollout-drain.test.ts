import { describe, expect, it } from 'vitest'
import { eventually } from '../support/eventually.ts'
import { ledgerNow } from '../support/ledger.ts'
import { duplicates, of } from '../support/ledger-check.ts'
import type { Running } from '../support/processes.ts'
import { endBusy } from './support/acts.ts'
import { everythingHandled, handles } from './support/await-rollout.ts'
import { useStage } from './support/use-stage.ts'

describe.each(['classic', 'quorum'] as const)('a worker that is told to end, on a %s queue', (type) => {
  const open = useStage()

  it('finishes what it began, returns the rest, says so, and exits with 0', async () => {
    const stage = await open({ type })
    const { worker, told } = await endBusy(stage, 5_000)
    const late = of(stage.ledger(), 'start').filter(({ pid, at }) => pid === worker.pid && at > told + 200)
    expect(late).toEqual([])
    expect(drainReportIn(worker)).toMatchObject({ finished: 10, abandoned: 0, onTime: true })
  })

  it('returns everything at once when it is told twice', async () => {
    const stage = await open({ type })
    const leaving = await stage.worker('v1', { name: 'v1-a', handler: { delayMs: 20_000 } })
    await stage.publisher.backlog(100)
    await handles(stage, 'v1', 10)

    leaving.signal('SIGTERM')
    await leaving.says(/drain/i)
    expect(leaving.exit).toBeUndefined()
    leaving.signal('SIGTERM')
    const told = ledgerNow()
    await leaving.exited(10_000)
    expect(ledgerNow() - told).toBeLessThan(3_000)
    console.log(`told twice, ${type}: exit ${leaving.exit?.code} after ${Math.round(ledgerNow() - told)} ms`)

    await stage.worker('v1', { name: 'v1-b' })
    await everythingHandled(stage)
    expect(duplicates(stage.ledger())).toEqual([])
    await eventually(async () => expect(await stage.queues.depths()).toEqual({ queue: 0, dead: 0, handBack: 0 }), {
      what: 'all is acked',
    })
  })
})

function drainReportIn({ stderr }: Running): unknown {
  const last = stderr.split('\n').findLast((line) => line.includes('"drains"'))
  const { drains }: { drains?: readonly unknown[] } = JSON.parse(last ?? '{}')
  return drains?.[0]
}
