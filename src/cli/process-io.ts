import type { Io, Sink } from './io.ts'

/** The process itself as the world of a command. Takes over SIGINT and SIGTERM. */
export function processIo(): Io {
  const first = new AbortController()
  const second = new AbortController()
  const onSignal = (): void => (first.signal.aborted ? second.abort() : first.abort())
  process.on('SIGINT', onSignal)
  process.on('SIGTERM', onSignal)
  return {
    env: process.env,
    cwd: process.cwd(),
    out: sink(process.stdout),
    err: sink(process.stderr),
    signal: first.signal,
    hurry: second.signal,
    onCrash(handle) {
      process.on('uncaughtException', handle)
      process.on('unhandledRejection', handle)
    },
  }
}

/** Runs `work`. What anybody writes to stdout meanwhile goes to stderr: handler modules may say hello when they are loaded, and stdout is for results. */
export async function sparingStdout<T>(work: () => Promise<T>): Promise<T> {
  const { stdout, stderr } = process
  const write = stdout.write.bind(stdout)
  stdout.write = stderr.write.bind(stderr)
  try {
    return await work()
  } finally {
    stdout.write = write
  }
}

const flushMs = 2_000

/** Ends the process once what was written has been taken, or nobody takes it. Open handles of handler modules do not hold it. */
export function endProcess(code: number): void {
  process.exitCode = code
  setTimeout(() => process.exit(code), flushMs)
  process.stdout.write('', () => process.stderr.write('', () => process.exit(code)))
}

function sink(stream: NodeJS.WriteStream): Sink {
  // A reader that went away (`| head`) is no failure of the command.
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error
  })
  return {
    write: (text) => void stream.write(text),
    isTerminal: stream.isTTY,
    get columns() {
      return stream.columns ?? 80
    },
    get rows() {
      return stream.rows ?? 24
    },
    color: stream.isTTY && (process.env['NO_COLOR'] ?? '') === '' && process.env['TERM'] !== 'dumb',
  }
}
