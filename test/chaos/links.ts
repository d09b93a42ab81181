import { atPort } from '../support/store-server.ts'
import { variant } from '../support/rabbitmq.ts'
import { tcpProxy } from '../support/tcp-proxy.ts'
import type { TcpProxy } from '../support/tcp-proxy.ts'

/** The ways of one process to its servers, which may be broken without harm to others. */
export interface Links {
  readonly broker: TcpProxy
  readonly store: TcpProxy
  readonly brokerUrl: string
  readonly storeUrl: string
}

export async function openLinks(servers: { readonly brokerUrl: string; readonly storeUrl: string }): Promise<Links> {
  const [broker, store] = [await tcpProxy(portOf(servers.brokerUrl)), await tcpProxy(portOf(servers.storeUrl))]
  const { username, password } = new URL(servers.brokerUrl)
  const login = { user: decodeURIComponent(username), password: decodeURIComponent(password) }
  return {
    broker,
    store,
    brokerUrl: variant(servers.brokerUrl, { ...login, port: broker.port }),
    storeUrl: atPort(servers.storeUrl, store.port),
  }
}

export async function closeLinks({ broker, store }: Links): Promise<void> {
  await broker.close()
  await store.close()
}

function portOf(url: string): { readonly port: number } {
  return { port: Number(new URL(url).port) }
}
