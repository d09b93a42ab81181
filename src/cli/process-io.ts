import { exitCodes } from './exit-codes.ts'
import type { Io } from './io.ts'
import { streamSink } from './stream-sink.ts'

export interface ProcessIo extends Io {
  /** Ends the process once what was written has been taken, or nobody takes it. Open handles of handler modules do not hold it. */
  readonly end: (code: number) => void
}

/** The process itself as the world of a command. Takes over SIGINT and SIGTERM. */
export function processIo(): ProcessIo {
  let lost: Error | undefined
  const first = new AbortController()
  const second = new AbortController()
  const onSignal = (): void => (first.signal.aborted ? second.abort() : first.abort())
  process.on('SIGINT', onSignal)
  process.on('SIGTERM', onSignal)
  return {
    env: process.env,
    cwd: process.cwd(),
    out: streamSink(process.stdout, (error) => (lost ??= error)),
    // There is nowhere left to say so.
    err: streamSink(process.stderr, () => {}),
    signal: first.signal,
    hurry: second.signal,
    onCrash(handle) {
      process.on('uncaughtException', handle)
      process.on('unhandledRejection', handle)
    },
    end: (code) => endProcess(code, () => lost),
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

function endProcess(code: number, lost: () => Error | undefined): void {
  process.exitCode = code
  setTimeout(() => process.exit(code), flushMs)
  process.stdout.write('', () => flushStderr(code, lost()))
}

/** Results that nobody got are a failure, whatever else went well. */
function flushStderr(code: number, lost: Error | undefined): void {
  const said = lost === undefined ? '' : incomplete(lost)
  const told = code === exitCodes.done && lost !== undefined ? exitCodes.unexpected : code
  process.stderr.write(said, () => process.exit(told))
}

function incomplete({ message }: Error): string {
  const mend = 'let stdout go where there is room'
  return `error: stdout: expected all of it to be written, found ${message}\nwhat to do: ${mend}\n`
}
