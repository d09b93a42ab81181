import { Worker } from 'node:worker_threads'
import { emptyReport } from './report.ts'
import type { Report, Task } from './report.ts'

export interface Simulation {
  readonly firstSeed: number
  readonly seeds: number
  /** Threads. @default 1 */
  readonly jobs?: number
  /** The planted bug, by its name. @default none */
  readonly mutant?: string
  /** Ends with the first violation. @default false */
  readonly stopsAtFirst?: boolean
  /** Finds the least set of faults for each violation. @default false */
  readonly shrinks?: boolean
  readonly onProgress?: (report: Report) => void
}

/** Runs the scenarios of a range of seeds, in threads of their own: a simulated process takes over time and randomness of its thread. */
export async function simulate(simulation: Simulation): Promise<Report> {
  const { firstSeed, seeds, jobs = 1, mutant, stopsAtFirst = false, shrinks = false, onProgress } = simulation
  const threads = Array.from({ length: Math.min(jobs, seeds) }, (_, offset) => {
    const count = Math.ceil((seeds - offset) / jobs)
    return startThread({ firstSeed: firstSeed + offset, count, stride: jobs, mutant, stopsAtFirst, shrinks })
  })
  const reports = threads.map((thread) =>
    untilExit(thread, (report) => {
      onProgress?.(report)
      if (!stopsAtFirst || report.failures.length === 0) return
      for (const other of threads) if (other !== thread) void other.terminate()
    }),
  )
  return (await Promise.all(reports)).reduce(addReports)
}

function startThread(task: Task): Worker {
  return new Worker(new URL('thread.ts', import.meta.url), {
    workerData: task,
    execArgv: ['--conditions=source', '--disable-warning=ExperimentalWarning'],
  })
}

/** The last that a thread told before it ended. */
function untilExit(thread: Worker, onReport: (report: Report) => void): Promise<Report> {
  const { promise, resolve, reject } = Promise.withResolvers<Report>()
  let latest = emptyReport
  thread.on('message', (report: Report) => {
    latest = report
    onReport(report)
  })
  thread.once('error', reject)
  thread.once('exit', () => resolve(latest))
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
