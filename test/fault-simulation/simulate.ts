import { fork } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { emptyReport } from './report.ts'
import type { Report, Task } from './report.ts'

export interface Simulation {
  readonly firstSeed: number
  readonly seeds: number
  /** Processes. @default 1 */
  readonly jobs?: number
  /** The planted bug, by its name. @default none */
  readonly mutant?: string
  /** Ends with the first violation. @default false */
  readonly stopsAtFirst?: boolean
  /** Finds the least set of faults for each violation. @default false */
  readonly shrinks?: boolean
  /** All that is known so far. */
  readonly onProgress?: (report: Report) => void
}

/** Seeds of one process: what dies in the middle of something is not all let go of, and adds up. */
const seedsEach = 2_000

/** Runs the scenarios of a range of seeds, in processes of their own: a simulated one takes over time and randomness. */
export async function simulate(simulation: Simulation): Promise<Report> {
  const { firstSeed, seeds, jobs = 1, mutant, stopsAtFirst = false, shrinks = false, onProgress } = simulation
  const alive = new Set<ChildProcess>()
  let total = emptyReport
  let isOver = false
  await Promise.all(Array.from({ length: Math.min(jobs, seeds) }, (_, offset) => runLane(offset)))
  return total

  /** Every `jobs`-th seed, in one process after the other. */
  async function runLane(offset: number): Promise<void> {
    const count = Math.ceil((seeds - offset) / jobs)
    for (let done = 0; done < count && !isOver; done += seedsEach) {
      const some = await runSome(firstSeed + offset + done * jobs, Math.min(seedsEach, count - done))
      total = addReports(total, some)
      onProgress?.(total)
    }
  }

  async function runSome(first: number, count: number): Promise<Report> {
    const child = startChild({ firstSeed: first, count, stride: jobs, mutant, stopsAtFirst, shrinks })
    alive.add(child)
    try {
      return await untilExit(child, (report) => {
        if (!stopsAtFirst || report.failures.length === 0) return
        isOver = true
        for (const other of alive) if (other !== child) other.kill('SIGKILL')
      })
    } finally {
      alive.delete(child)
    }
  }
}

/** Not a thread: where one ends that has read TypeScript while others run, Node 24 dies now and then of a failed check in V8. */
function startChild(task: Task): ChildProcess {
  return fork(new URL('child.ts', import.meta.url), [JSON.stringify(task)], {
    // Runs leave much garbage and keep nothing; nobody reads the stacks of their errors.
    execArgv: [
      '--conditions=queue-canary-source',
      '--disable-warning=ExperimentalWarning',
      '--max-semi-space-size=64',
      '--stack-trace-limit=0',
    ],
  })
}

/** The last that it told before it ended, which it must not do by itself before all is done. */
function untilExit(child: ChildProcess, onReport: (report: Report) => void): Promise<Report> {
  const { promise, resolve, reject } = Promise.withResolvers<Report>()
  let latest = emptyReport
  child.on('message', (report: Report) => {
    latest = report
    onReport(report)
  })
  child.once('error', reject)
  child.once('close', (code) => {
    if (code === 0 || child.killed) resolve(latest)
    else reject(new Error(`a simulating process ended with ${code}`))
  })
  return promise
}

function addReports(a: Report, b: Report): Report {
  return {
    seeds: a.seeds + b.seeds,
    virtualMs: a.virtualMs + b.virtualMs,
    cpuMs: a.cpuMs + b.cpuMs,
    messages: a.messages + b.messages,
    phases: addCounts(a.phases, b.phases),
    reached: addCounts(a.reached, b.reached),
    digest: a.digest ^ b.digest,
    failures: [...a.failures, ...b.failures].toSorted((one, other) => one.seed - other.seed),
  }
}

function addCounts(a: Report['phases'], b: Report['phases']): Report['phases'] {
  const names = [...new Set([...Object.keys(a), ...Object.keys(b)])]
  return Object.fromEntries(names.map((name) => [name, (a[name] ?? 0) + (b[name] ?? 0)]))
}
