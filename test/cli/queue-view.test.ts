import { describe, expect, it } from 'vitest'
import { createQueueView } from '../../src/cli/queue-view.ts'
import { policyDigest } from '../../src/policy-digest.ts'
import { counts, policyFrom, report, rollout } from '../status/fixtures.ts'
import { useTeardown } from '../support/teardown.ts'
import { createWorld, queue } from './world.ts'

const policy = policyFrom({ analysis: { metrics: [{ name: 'novel-errors' }] } })

describe('the view of a queue', () => {
  const teardown = useTeardown()

  it('takes no error for new that only the reports of all workers could tell to be so', async () => {
    const { session, store, records, become } = teardown.add(await createWorld(), (opened) => opened.stop())
    const policyOf = policyDigest(policy)
    await records.writePolicy(policyOf, policy)
    const origin = { stable: counts({}), canary: counts({}) }
    const judged = rollout({ phase: 'Progressing', policyDigest: policyOf, origin, errorsBefore: {} })
    await become((state) => ({ ...state, rollout: judged }))
    const own = report({ version: 'v2', counts: counts({ taken: 1, failed: 1 }), errors: { TypeError: 1 } })
    await records.writeReport(own)
    const view = createQueueView(store, { namespace: session.namespace, queue }, session.clock)
    const novel = { metric: 'novel-errors' }
    const read = await view.read()
    const partial = await view.readWith([own])
    expect(read.analysis).toContainEqual(expect.objectContaining({ ...novel, verdict: 'failed' }))
    expect(partial.analysis).toContainEqual(expect.objectContaining({ ...novel, verdict: 'inconclusive' }))
  })
})
