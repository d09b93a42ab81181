import type { Io, Sink } from '../../src/cli/io.ts'

export interface FakeIo extends Io {
  /** Everything written so far. */
  readonly stdout: () => string
  readonly stderr: () => string
  /** Each line of stdout as a JSON document. */
  readonly documents: () => readonly unknown[]
  readonly interrupt: () => void
  /** From now on nobody reads stdout. */
  readonly hangUp: () => void
  readonly crash: (error: unknown) => void
}

/** A world of a command's own: no terminal unless told, an empty environment, and signals by hand. */
export function fakeIo({
  terminal = false,
  dumb = false,
  columns = 100,
  env = {},
  cwd = process.cwd(),
}: {
  terminal?: boolean
  dumb?: boolean
  columns?: number
  env?: Readonly<Record<string, string>>
  cwd?: string
} = {}): FakeIo {
  const [first, second] = [new AbortController(), new AbortController()]
  const written = { out: '', err: '' }
  let hasReader = true
  const crashHandlers: ((error: unknown) => void)[] = []
  const sink = (key: 'out' | 'err'): Sink => ({
    write: (text) => void (written[key] += text),
    isTerminal: terminal,
    hasCursor: terminal && !dumb,
    get hasReader() {
      return key === 'err' || hasReader
    },
    columns,
    rows: 50,
    color: false,
  })
  return {
    env,
    cwd,
    out: sink('out'),
    err: sink('err'),
    signal: first.signal,
    hurry: second.signal,
    onCrash: (handle) => void crashHandlers.push(handle),
    stdout: () => written.out,
    stderr: () => written.err,
    documents: () =>
      written.out
        .split('\n')
        .filter((line) => line !== '')
        .map((line): unknown => JSON.parse(line)),
    hangUp: () => (hasReader = false),
    interrupt: () => (first.signal.aborted ? second.abort() : first.abort()),
    crash: (error) => crashHandlers.forEach((handle) => handle(error)),
  }
}
