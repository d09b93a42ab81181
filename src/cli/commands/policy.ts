import type { Policy } from '../../core/policy/policy.ts'
import { policyJsonSchema } from '../../core/policy/policy-json-schema.ts'
import { showPolicy } from '../../core/policy/show-policy.ts'
import { unsupported } from '../../core/policy/unsupported.ts'
import { alternatives, describeValue } from '../../core/schema/describe-problem.ts'
import { loadPolicyFile, policyDigest, policyYaml } from '../../policy-file.ts'
import { exitCodes } from '../exit-codes.ts'
import type { ExitCode } from '../exit-codes.ts'

/** Takes text as it is to be written, newlines included. */
export interface PolicyIo {
  out(text: string): void
  err(text: string): void
}

/** `policy lint F`, `policy show F`, `policy schema`. Resolves to 0, or to 2 for a wrong file or wrong usage; never rejects. */
export async function runPolicyCommand(args: readonly string[], io: PolicyIo, json: boolean): Promise<ExitCode> {
  const [action = '', file = ''] = args
  const wrong = usageProblem(args)
  if (wrong !== undefined) return refuse([wrong], io, json)
  if (action === 'schema') {
    io.out(document(policyJsonSchema()))
    return exitCodes.done
  }
  const loaded = await loadPolicyFile(file)
  if (!loaded.ok) return refuse(loaded.problems, io, json)
  if (action === 'show') io.out(json ? document(showPolicy(loaded.policy)) : policyYaml(loaded.policy))
  else reportLint(file, loaded.policy, io, json)
  return exitCodes.done
}

const usage = 'usage: queue-canary policy lint F | policy show F | policy schema'
/** Files that each action takes. */
const actions = new Map([
  ['lint', 1],
  ['show', 1],
  ['schema', 0],
])
const laterActions = ['simulate', 'test']

function usageProblem([action, ...files]: readonly string[]): string | undefined {
  if (action === undefined) return usage
  if (laterActions.includes(action)) return `policy ${action} is not in this release; ${usage}`
  const wanted = actions.get(action)
  if (wanted === undefined)
    return `expected ${alternatives([...actions.keys()])}, found ${describeValue(action)}; ${usage}`
  const option = files.find((file) => file.startsWith('--'))
  if (option !== undefined) return `expected no option but --json, found ${describeValue(option)}; ${usage}`
  if (files.length === wanted) return undefined
  return `policy ${action}: expected ${wanted === 0 ? 'no file' : 'one policy file'}, found ${files.length}; ${usage}`
}

/** What only `start` refuses is a note: the file is right, and another release may run it. */
function reportLint(file: string, policy: Policy, io: PolicyIo, json: boolean): void {
  const steps = policy.steps.length
  const digest = policyDigest(policy)
  const notes = unsupported(policy, { oldestAge: true })
  if (json) {
    io.out(document({ ok: true, steps, digest, notes }))
    return
  }
  io.out(`${file}: ok, ${steps} ${steps === 1 ? 'step' : 'steps'}, digest ${digest}\n`)
  for (const note of notes) io.err(`note: start would refuse it: ${note}\n`)
}

function refuse(problems: readonly string[], io: PolicyIo, json: boolean): ExitCode {
  if (json) io.out(document({ ok: false, problems }))
  else io.err(problems.map((problem) => `${problem}\n`).join(''))
  return exitCodes.refused
}

function document(value: object): string {
  return `${JSON.stringify(value, null, 2)}\n`
}
