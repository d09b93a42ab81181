import type { Store } from '../../../src/contracts/store.ts'
import { atPort } from '../../support/store-server.ts'
import type { ServerControl } from '../../support/store-server.ts'
import type { StoreUnderTest } from './store-case.ts'

/** Documents of one test on a server. */
export interface DocumentsOnServer {
  /** A client of the server at this address. */
  readonly connect: (address: string, deadlineMs?: number) => Store
  readonly empty: () => Promise<void>
}

/** What the suite must know of them. `control` is undefined where the server is not ours to break. */
export function onServer(
  { url, control }: { readonly url: string; readonly control: ServerControl | undefined },
  { connect, empty }: DocumentsOnServer,
): StoreUnderTest {
  return {
    connect: (deadlineMs) => connect(url, deadlineMs),
    empty,
    dispose: empty,
    server: {
      port: Number(new URL(url).port),
      control,
      connectThrough: (port, deadlineMs) => connect(atPort(url, port), deadlineMs),
    },
  }
}
