/** Where a server for tests comes from. */
export type ServerKind = 'url' | 'docker' | 'debian'

export interface ServerChoice<T> {
  /** What failures call it, and what to do where there is none. */
  readonly what: string
  readonly hint: string
  /** In the order in which they are tried. */
  readonly kinds: readonly ServerKind[]
  readonly start: (kind: ServerKind) => Promise<T>
}

/** The first server that starts. Rejects with the reason of each that was tried. */
export async function firstServer<T>({ what, hint, kinds, start }: ServerChoice<T>): Promise<T> {
  const failures: string[] = []
  for (const kind of kinds) {
    try {
      return await start(kind)
    } catch (error) {
      failures.push(`${kind}: ${error instanceof Error ? error.message : String(error)}`)
    }
  }
  throw new Error(`No ${what} for the tests. ${hint}\n${failures.join('\n')}`)
}

/** What `QUEUE_CANARY_TEST_SERVER` names; undefined where it names nothing. */
export function forcedKind(env: NodeJS.ProcessEnv): ServerKind | undefined {
  const forced = env['QUEUE_CANARY_TEST_SERVER']
  if (forced === undefined || forced === '') return undefined
  if (forced === 'url' || forced === 'docker' || forced === 'debian') return forced
  throw new Error(`QUEUE_CANARY_TEST_SERVER: expected url, docker or debian, found "${forced}"`)
}
