import { resolve } from 'node:path'
import { assertNever } from '../../core/assert-never.ts'
import type { Policy } from '../../core/policy/policy.ts'
import { policyJsonSchema } from '../../core/policy/policy-json-schema.ts'
import { showPolicy } from '../../core/policy/show-policy.ts'
import { loadPolicyFile, policyYaml } from '../../policy-file.ts'
import { notSimulated } from '../../simulate/limits.ts'
import { exitCodes } from '../exit-codes.ts'
import type { ExitCode } from '../exit-codes.ts'
import { writeLine } from '../io.ts'
import type { Io } from '../io.ts'
import { parsePolicyArguments } from '../policy-arguments.ts'
import type { PolicyAction } from '../policy-arguments.ts'
import { reportLint } from './policy-lint.ts'
import { simulatePolicy } from './policy-simulate.ts'
import { testPolicy } from './policy-test.ts'

/** `policy lint|show|schema|simulate|test`. Resolves to 2 for a wrong file or wrong usage. */
export async function runPolicyCommand(args: readonly string[], io: Io, json: boolean): Promise<ExitCode> {
  const parsed = parsePolicyArguments(args)
  if (!parsed.ok) return refuse([parsed.why], io, json)
  const { action } = parsed
  if (action.kind === 'schema') {
    writeDocument(io, policyJsonSchema())
    return exitCodes.done
  }
  const loaded = await loadPolicyFile(resolve(io.cwd, action.file), action.file)
  if (!loaded.ok) return refuse(loaded.problems, io, json)
  const objections = objectionsTo(action, loaded.policy)
  return objections.length > 0 ? refuse(objections, io, json) : carryOut(action, loaded.policy, io, json)
}

type FileAction = Exclude<PolicyAction, { readonly kind: 'schema' }>

function objectionsTo({ kind, file }: FileAction, policy: Policy): readonly string[] {
  if (kind !== 'simulate' && kind !== 'test') return []
  const untested = kind === 'test' && policy.tests.length === 0
  return [
    ...(untested ? [`${file}: expected tests, found none; write what you expect of the policy under tests:`] : []),
    ...notSimulated(policy),
  ]
}

async function carryOut(action: FileAction, policy: Policy, io: Io, json: boolean): Promise<ExitCode> {
  switch (action.kind) {
    case 'lint':
      reportLint(action.file, policy, { io, json, assumed: action.assumed })
      return exitCodes.done
    case 'show':
      if (json) writeDocument(io, showPolicy(policy))
      else io.out.write(policyYaml(policy))
      return exitCodes.done
    case 'simulate':
      return simulatePolicy(action, policy, io, json)
    case 'test':
      return testPolicy(action, policy, io, json)
    default:
      return assertNever(action)
  }
}

function refuse(problems: readonly string[], io: Io, json: boolean): ExitCode {
  if (json) writeDocument(io, { ok: false, problems })
  else for (const problem of problems) writeLine(io.err, problem)
  return exitCodes.refused
}

function writeDocument({ out }: Io, value: object): void {
  out.write(`${JSON.stringify(value, null, 2)}\n`)
}
