import { readFileSync } from 'node:fs'
import { parse } from 'yaml'
import { parseEnvironment } from '../../src/cli/environment.ts'
import type { Environment } from '../../src/cli/environment.ts'
import type { Variables } from '../../src/cli/environment-variables.ts'

export interface ComposeService {
  readonly image: string
  readonly build?: string
  readonly pull_policy?: string
  readonly restart?: string
  readonly scale?: number
  readonly read_only?: boolean
  readonly cap_drop?: readonly string[]
  readonly stop_grace_period?: string
  readonly working_dir?: string
  readonly volumes?: readonly string[]
  readonly command?: readonly string[]
  readonly environment?: Readonly<Record<string, string>>
  readonly depends_on?: Readonly<Record<string, { readonly condition: string }>>
}

/** The services of docker-compose.yml, with the variables of the caller's environment left at their defaults. */
export function composeServices(): Readonly<Record<string, ComposeService>> {
  const text = readFileSync('docker-compose.yml', 'utf8').replaceAll(/\$\{\w+:-([^}]*)\}/g, '$1')
  return (parse(text, { merge: true }) as { services: Record<string, ComposeService> }).services
}

/** Variables that the image sets, from the Dockerfile. */
export function imageVariables(): Readonly<Record<string, string>> {
  const [, assignments = ''] = /^ENV (.+)$/m.exec(readFileSync('Dockerfile', 'utf8')) ?? []
  return Object.fromEntries([...assignments.matchAll(/(\w+)=(\S+)/g)].map(([, name, value]) => [name, value]))
}

/** What a worker in a container of the image reads. Throws every problem that it would end with. */
export function environmentInImage(variables: Variables): Environment {
  const parsed = parseEnvironment({ ...imageVariables(), ...variables })
  if (!parsed.ok) throw new Error(parsed.problems.join('\n'))
  return parsed.environment
}
