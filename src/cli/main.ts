import { assertNever } from '../core/assert-never.ts'
import { QueueCanaryError } from '../errors.ts'
import { systemClock } from '../worker/system-clock.ts'
import { parseArguments } from './args.ts'
import type { Command } from './command.ts'
import { retryCommand, undoCommand } from './commands/again.ts'
import { doctorCommand } from './commands/doctor.ts'
import { operateCommand } from './commands/operate.ts'
import { runPolicyCommand } from './commands/policy.ts'
import { startCommand } from './commands/start.ts'
import { statusCommand } from './commands/status.ts'
import { workerCommand } from './commands/worker.ts'
import { createComposition } from './compose.ts'
import { exitCodeOf, exitCodes } from './exit-codes.ts'
import { helpText } from './help.ts'
import type { Io } from './io.ts'
import { writeLine } from './io.ts'
import { ownVersion } from './own-version.ts'
import { processIo } from './process-io.ts'
import { reportError } from './report-error.ts'
import { withSession } from './session.ts'
import type { Session } from './session.ts'

/** The process from its arguments to its exit code. */
export async function runProcess(): Promise<void> {
  const argv = process.argv.slice(2)
  const io = processIo()
  // A worker returns what it holds when it is told twice; the other commands hold nothing.
  if (argv[0] !== 'worker') io.hurry.addEventListener('abort', () => io.end(exitCodes.interrupted))
  io.end(await main(argv, io))
}

/** Runs one command and resolves to its exit code. Never rejects. */
export async function main(argv: readonly string[], io: Io): Promise<number> {
  const json = argv.includes('--json')
  const parsed = parseArguments(argv)
  if (!parsed.ok) {
    io.err.write(`${helpText(parsed.topic)}\n`)
    reportError(new QueueCanaryError('USAGE', parsed.why), io, json)
    return exitCodes.refused
  }
  try {
    return await run(parsed.command, io)
  } catch (error) {
    reportError(error, io, json)
    return exitCodeOf(error)
  }
}

function run(command: Command, io: Io): Promise<number> | number {
  if (isOnRecords(command)) return withSession(command.place, io, (session) => onRecords(command, io, session))
  switch (command.kind) {
    case 'help':
      io.out.write(helpText(command.topic))
      return exitCodes.done
    case 'version':
      writeLine(io.out, ownVersion())
      return exitCodes.done
    case 'worker':
      return workerCommand(command.place, io, createComposition(systemClock()))
    case 'doctor':
      return doctorCommand(command, io, createComposition(systemClock()))
    case 'demo':
      return demo(io)
    case 'policy':
      return runPolicyCommand(command.args, io, command.json)
    default:
      return assertNever(command)
  }
}

/** Loaded when it is asked for: it brings the embedded broker and store with it. */
async function demo(io: Io): Promise<number> {
  const { demoCommand } = await import('./commands/demo.ts')
  return demoCommand(io)
}

const recordKinds = ['start', 'status', 'operate', 'retry', 'undo'] as const
type RecordCommand = Extract<Command, { readonly kind: (typeof recordKinds)[number] }>

function isOnRecords(command: Command): command is RecordCommand {
  return recordKinds.some((kind) => kind === command.kind)
}

function onRecords(command: RecordCommand, io: Io, session: Session): Promise<number> {
  switch (command.kind) {
    case 'start':
      return startCommand(command, io, session)
    case 'status':
      return statusCommand(command, io, session)
    case 'operate':
      return operateCommand(command, io, session)
    case 'retry':
      return retryCommand(command, io, session)
    case 'undo':
      return undoCommand(command, io, session)
    default:
      return assertNever(command)
  }
}
