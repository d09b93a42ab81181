import { cpus } from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'

const windowMs = 500
/** Of all cores together. */
const busyAtMost = 0.12
const patienceMs = 60_000

/** Resolves once the machine does next to nothing else, or after a minute: what runs then is measured on a busy machine. */
export async function untilCalm(): Promise<void> {
  const end = performance.now() + patienceMs
  for (let calm = 0; calm < 2 && performance.now() < end;) {
    const before = cpuTimes()
    await sleep(windowMs)
    const after = cpuTimes()
    calm = (after.busy - before.busy) / (after.all - before.all) <= busyAtMost ? calm + 1 : 0
  }
}

function cpuTimes(): { readonly busy: number; readonly all: number } {
  const times = cpus().map((cpu) => cpu.times)
  const all = times.reduce((sum, { user, nice, sys, idle, irq }) => sum + user + nice + sys + idle + irq, 0)
  const idle = times.reduce((sum, time) => sum + time.idle, 0)
  return { busy: all - idle, all }
}
