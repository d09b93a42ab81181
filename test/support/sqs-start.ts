import { createProcesses } from './processes.ts'

/** A server that speaks SQS, as plain data: it travels from the global set-up to the processes that run tests. */
export interface SqsHandle {
  readonly kind: 'url' | 'fauxqs'
  /** Scheme, host and port. */
  readonly endpoint: string
}

export interface StartedSqs {
  readonly handle: SqsHandle
  /** Stops what was started; nothing where the server was given. */
  readonly stop: () => Promise<void>
}

declare module 'vitest' {
  export interface ProvidedContext {
    sqs: SqsHandle
  }
}

/** The server for tests: `SQS_URL`, else the emulator `fauxqs` in a process of its own, on a free port. */
export async function startSqs(env: NodeJS.ProcessEnv): Promise<StartedSqs> {
  const url = env['SQS_URL']
  if (url !== undefined && url !== '')
    return { handle: { kind: 'url', endpoint: new URL(url).origin }, stop: async () => {} }
  const processes = createProcesses()
  const script = new URL('fauxqs.ts', import.meta.url).pathname
  const emulator = processes.launch({ name: 'fauxqs', args: [script] })
  await emulator.says(/port \d+\n/)
  const port = /port (\d+)/.exec(emulator.stdout)?.[1]
  return { handle: { kind: 'fauxqs', endpoint: `http://127.0.0.1:${port}` }, stop: () => processes.killAll() }
}
