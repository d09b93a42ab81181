import type { Finding } from '../../../src/contracts/broker.ts'

/** What a person should know of the server, from its INFO. */
export function findings(facts: ReadonlyMap<string, string>): readonly Finding[] {
  const replicas = Number(facts.get('connected_slaves') ?? 0)
  return [
    { level: 'ok', subject: 'store', found: `${product(facts)}, ${replicas} replicas` },
    ...(facts.get('aof_enabled') === '0' ? [forgetful] : []),
  ]
}

/** Its compatible successors call themselves by another name. */
function product(facts: ReadonlyMap<string, string>): string {
  const valkey = facts.get('valkey_version')
  return valkey === undefined ? `Redis ${facts.get('redis_version')}` : `Valkey ${valkey}`
}

const forgetful: Finding = {
  level: 'warning',
  subject: 'store',
  found:
    'the server keeps no log of its writes: when it restarts, rollouts that run are forgotten and retired versions may have to be named again',
  mend: 'set appendonly yes',
}
