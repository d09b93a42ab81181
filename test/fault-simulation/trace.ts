import { plant } from './mutants/plant.ts'

/** Tells all that happens in the run of one seed. Takes over this process: nothing runs in it afterwards. */
export async function trace(seed: number, mutant: string | undefined): Promise<void> {
  if (mutant !== undefined) plant(mutant)
  const { run } = await import('./run/run.ts')
  const { drawScenario } = await import('./scenario/draw-scenario.ts')
  const { closeSandbox } = await import('./time/sandbox.ts')
  const { promise, resolve } = Promise.withResolvers<void>()
  const lines: string[] = []
  const later = setImmediate
  closeSandbox()
  later(() => {
    const scenario = drawScenario(seed)
    const { violations, digest, phase } = run(scenario, (line) => lines.push(line))
    lines.push(JSON.stringify(scenario, undefined, 2), `${phase}, digest ${digest}`)
    lines.push(...violations.map((violation) => JSON.stringify(violation)))
    resolve()
  })
  await promise
  process.stdout.write(`${lines.join('\n')}\n`)
}
