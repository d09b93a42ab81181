import { escapeText } from '../core/schema/describe-problem.ts'
import { nearest } from '../core/schema/nearest.ts'
import { problemLine, processFields, queueFields, variablePrefix } from './environment-variables.ts'
import type { Variables } from './environment-variables.ts'

/** `orders-eu.v2` has the variables `QUEUE_CANARY_ORDERS_EU_V2_…`. */
export function queuePrefix(queue: string): string {
  return `${variablePrefix}${queue.toUpperCase().replaceAll(/[-.]/g, '_')}_`
}

/** Queues that would share a variable, such as `orders-eu` and `orders.eu`, or `orders` and `orders-canary` (both have `…_CANARY_HANDLER`). */
export function nameCollisions(queues: readonly string[]): readonly string[] {
  const owner = new Map<string, string>()
  const clashes = new Map<string, string>()
  for (const queue of queues) {
    for (const name of variablesOf(queue)) {
      const other = owner.get(name)
      if (other !== undefined) clashes.set(`${other}\n${queue}`, clash(other, queue, name))
      owner.set(name, queue)
    }
  }
  return [...clashes.values()]
}

/** Variables with our prefix that mean nothing, most likely misspelt. Kubernetes gives every container some for each Service of its namespace. */
export function unknownVariables(env: Variables, queues: readonly string[]): readonly string[] {
  const known = [...processNames, ...queues.flatMap(variablesOf)]
  const unknown = Object.keys(env).filter(
    (name) =>
      name.startsWith(variablePrefix) && env[name] !== undefined && !known.includes(name) && !serviceLink.test(name),
  )
  return unknown.toSorted().map((name) => {
    const near = nearest(name, known)
    const hint =
      near === undefined ? "a queue's variables need the queue in QUEUE_CANARY_QUEUES" : `did you mean ${near}?`
    return problemLine(name, `a known variable (${hint})`, 'an unknown one')
  })
}

/** @see https://kubernetes.io/docs/tutorials/services/connect-applications-service/#environment-variables */
const serviceLink = /_(?:SERVICE_HOST|SERVICE_PORT(?:_\w+)?|PORT(?:_\d+_(?:TCP|UDP|SCTP)(?:_(?:PROTO|PORT|ADDR))?)?)$/

const processNames = Object.keys(processFields).map((key) => `${variablePrefix}${key}`)

function variablesOf(queue: string): readonly string[] {
  return Object.keys(queueFields).map((key) => `${queuePrefix(queue)}${key}`)
}

function clash(one: string, other: string, variable: string): string {
  const [first, second] = [one, other].map((name) => `"${escapeText(name, 60)}"`)
  const found = one === other ? `${first} twice` : `${first} and ${second}, which share ${escapeText(variable, 100)}`
  return problemLine(`${variablePrefix}QUEUES`, 'queues with variables of their own', found)
}
