import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { jobSummary, writeJobSummary } from '../../src/cli/job-summary.ts'
import { statusOf } from '../../src/status/snapshot.ts'
import { secondStep } from '../status/fixtures.ts'
import { useTeardown } from '../support/teardown.ts'
import { fakeIo } from './fake-io.ts'

const status = statusOf(secondStep())

describe('the job summary', () => {
  const teardown = useTeardown()

  it('tells the outcome, both versions and every decision', () => {
    expect(jobSummary(status)).toBe(`\
### orders: Progressing

step 1 passed: 10 samples; step 2: weight 10 %

The rollout has not ended: this is how it stood when the watching did.

| | version | state | taken | succeeded | failed | timed out | handed back | rescued | dead-lettered |
|---|---|---|---|---|---|---|---|---|---|
| stable | v1 | Current | 1900 | 1896 | 4 | 0 | 0 | 2 | 1 |
| canary | v2 | Ramping | 110 | 107 | 2 | 1 | 3 | 0 | 0 |

Messages harmed: 3. Share per step, meant and measured: 1%: 0.99%, 10%: 10%.

- 0s **Initialized** a rollout of v2 in place of v1 was started
- 2m00s **Progressing** step 1 passed: 10 samples; step 2: weight 10 %

`)
  })

  it('of a rollout that has ended says nothing of the watching', () => {
    expect(jobSummary({ ...status, phase: 'RolledBack' })).not.toContain('watching')
  })

  it('lets no name or reason become markup', () => {
    const text = jobSummary({ ...status, queue: 'a|b', why: '<img src=x> [click](http://x) `code`' })
    expect(text).not.toMatch(/<|\]\(|`|a\|b/)
  })

  it('is appended where GitHub wants it, and nowhere else', async () => {
    const folder = teardown.add(await mkdtemp(join(tmpdir(), 'summary-')), (path) => rm(path, { recursive: true }))
    const env = { GITHUB_STEP_SUMMARY: join(folder, 'summary.md') }
    await writeJobSummary(status, fakeIo({ env }))
    await writeJobSummary(status, fakeIo({ env }))
    await writeJobSummary(status, fakeIo())
    expect(await readFile(env.GITHUB_STEP_SUMMARY, 'utf8')).toBe(jobSummary(status).repeat(2))
  })

  it('that cannot be written is only a note', async () => {
    const io = fakeIo({ env: { GITHUB_STEP_SUMMARY: '/nowhere/at/all/summary.md' } })
    await writeJobSummary(status, io)
    expect(io.stderr()).toContain('could not be written')
  })
})
