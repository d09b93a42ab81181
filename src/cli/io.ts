/** What a command has to do with the world around it. What it says to people goes to `err`, what scripts read goes to `out`. */
export interface Io {
  readonly env: Readonly<Record<string, string | undefined>>
  readonly cwd: string
  readonly out: Sink
  readonly err: Sink
  /** Aborts when the command should come to its end: Ctrl-C, SIGTERM. */
  readonly signal: AbortSignal
  /** Aborts when it was told a second time: at once, then. */
  readonly hurry: AbortSignal
  /** From now on an error that nobody caught goes here instead of ending the process. */
  readonly onCrash: (handle: (error: unknown) => void) => void
}

export interface Sink {
  /** Writes the text as it is; lines end with a newline of the caller's. */
  readonly write: (text: string) => void
  readonly isTerminal: boolean
  /** True where what was written can be drawn over: a terminal, and no dumb one. */
  readonly hasCursor: boolean
  /** False once a write has found that nobody reads any more, as after `| head`. */
  readonly hasReader: boolean
  /** Size of the terminal; 80 by 24 where there is none. */
  readonly columns: number
  readonly rows: number
  /** True when colours are wanted: a terminal that is not dumb, and no `NO_COLOR`. */
  readonly color: boolean
}

export function writeLine(sink: Sink, text: string): void {
  sink.write(`${text}\n`)
}

/** One JSON document on one line. */
export function writeJson(sink: Sink, value: unknown): void {
  sink.write(`${JSON.stringify(value)}\n`)
}
