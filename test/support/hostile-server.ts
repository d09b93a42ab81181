import { createServer } from 'node:http'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'

export interface HostileServer {
  /** `http://127.0.0.1:port`. */
  readonly origin: string
  readonly port: number
  readonly seen: readonly Seen[]
  /** Connections that are open now. */
  readonly open: number
  /** Bytes that clients were sent. */
  readonly sent: number
  close(): Promise<void>
}

export interface Seen {
  readonly method: string
  readonly url: string
  readonly headers: IncomingMessage['headers']
  readonly body: string
}

/** Answers a request, or misbehaves with its response or its bare socket. */
export type Act = (response: ServerResponse, socket: Socket) => unknown

/** An HTTP server of a test that does to each request what it is told to. */
export async function hostileServer(act: Act): Promise<HostileServer> {
  const seen: Seen[] = []
  const sockets = new Set<Socket>()
  let closedBytes = 0
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(Buffer.from(chunk))
    const { method = '', url = '', headers } = request
    seen.push({ method, url, headers, body: Buffer.concat(chunks).toString() })
    response.on('error', () => {})
    act(response, request.socket)
  })
  server.on('connection', (socket) => {
    sockets.add(socket)
    socket.on('error', () => {})
    socket.on('close', () => {
      closedBytes += socket.bytesWritten
      sockets.delete(socket)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    origin: `http://127.0.0.1:${port}`,
    port,
    seen,
    get open() {
      return sockets.size
    },
    get sent() {
      return closedBytes + [...sockets].reduce((sum, { bytesWritten }) => sum + bytesWritten, 0)
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        for (const socket of sockets) socket.destroy()
      }),
  }
}
