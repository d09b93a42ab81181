import { mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, expect } from 'vitest'
import { useTeardown } from '../../support/teardown.ts'
import type { QueueSettings } from './queues.ts'
import { serverOpener } from './server.ts'
import { openStage, rabbitmqScene } from './stage.ts'
import type { MakeScene, Stage } from './stage.ts'

/**
 * To be called at the top of a test file; opens stages. After each test every process, queue and file of it is gone, and no secret was in
 * anything that a process wrote. A failed test leaves what its processes wrote in a directory that it names.
 */
export function useStage(): (settings: QueueSettings) => Promise<Stage> {
  return keepStages(rabbitmqScene(serverOpener()))
}

/** The same for any broker. */
export function keepStages<S extends { readonly type: string }>(make: MakeScene<S>): (settings: S) => Promise<Stage> {
  const open: Stage[] = []
  const teardown = useTeardown({ deadlineMs: 30_000 })
  afterEach(({ task }) => {
    const stages = open.splice(0)
    if (task.result?.state === 'fail') for (const stage of stages) keepTraces(stage)
    for (const stage of stages) expectNoSecret(stage)
  })
  return async (settings) => {
    const stage = await openStage(make, settings, teardown)
    open.push(stage)
    return stage
  }
}

/** What processes wrote to their streams, and to the store and the logs beside it. */
function expectNoSecret({ secret, processes, dir }: Stage): void {
  const written = [processes.output(), ...readdirSync(dir).map((name) => readFileSync(join(dir, name), 'latin1'))]
  const secrets = [secret, encodeURIComponent(secret)]
  expect({ passwordWritten: written.some((text) => secrets.some((secret) => text.includes(secret))) }).toEqual({
    passwordWritten: false,
  })
}

function keepTraces({ processes, dir }: Stage): void {
  const kept = mkdtempSync(join(tmpdir(), 'queue-canary-failed-'))
  for (const { name, pid, stdout, stderr } of processes.all)
    writeFileSync(join(kept, `${name.replaceAll(/[^\w.-]+/g, '_').slice(0, 60)}.${pid}.txt`), `${stdout}\n${stderr}`)
  for (const name of readdirSync(dir).filter((each) => each.endsWith('.ledger')))
    writeFileSync(join(kept, name), readFileSync(join(dir, name)))
  console.error(`what the processes wrote is in ${kept}`)
}
