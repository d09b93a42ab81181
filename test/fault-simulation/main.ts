import { parseArgs } from 'node:util'
const { values } = parseArgs({ options: { seeds: { type: 'string' }, seed: { type: 'string' }, trace: { type: 'boolean' } } })
const realNow = performance.now.bind(performance)
const { run } = await import('./run/run.ts')
const { drawScenario } = await import('./scenario/draw-scenario.ts')
const { closeSandbox } = await import('./time/sandbox.ts')
const write = console.log
const later = setImmediate
closeSandbox()
later(() => {
  const first = Number(values.seed ?? 1)
  const count = Number(values.seeds ?? 1)
  const t = realNow()
  let virtual = 0
  let steps = 0
  const phases: Record<string, number> = {}
  const reached: Record<string, number> = {}
  const bad: Record<string, number> = {}
  for (let seed = first; seed < first + count; seed++) {
    const scenario = drawScenario(seed)
    const result = run(scenario, values.trace ? write : undefined)
    virtual += result.virtualMs
    steps += result.steps
    phases[result.phase ?? 'none'] = (phases[result.phase ?? 'none'] ?? 0) + 1
    for (const r of result.reached) reached[r] = (reached[r] ?? 0) + 1
    for (const v of result.violations) {
      bad[v.invariant] = (bad[v.invariant] ?? 0) + 1
      if ((bad[v.invariant] ?? 0) < 4) write(seed, JSON.stringify(v), JSON.stringify(scenario.faults))
    }
    if (values.trace) write(JSON.stringify(scenario, null, 1), result)
  }
  const cpu = realNow() - t
  write({ cpu, perSeed: cpu / count, virtual, speed: virtual / cpu, steps, phases, bad })
  write(reached)
  process.exit(0)
})
