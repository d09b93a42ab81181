import { on, once } from 'node:events'
import { createServer } from 'node:net'
import type { AddressInfo, Socket } from 'node:net'

/** What is done with a command: text is an answer as it goes over the wire, nothing is silence. */
export type Answer = (command: readonly string[]) => string | undefined | Promise<string | undefined>

export interface FakeRedis {
  readonly url: string
  /** Connections so far. */
  readonly accepted: number
  /** Connections that are open now. */
  readonly open: number
  close(): Promise<void>
}

const facts = 'redis_version:8.0.0\r\nrole:master\r\nmaxmemory:0\r\n'

/** To a client that connects, of a server that is fit and empty. */
export function fitAnswer([name = '']: readonly string[]): string {
  if (name === 'INFO') return `$${facts.length}\r\n${facts}\r\n`
  return name.startsWith('EVAL') ? '$-1\r\n' : '+OK\r\n'
}

export function noAnswer(): undefined {}

/** Speaks just enough of the protocol to be told how to misbehave, connection by connection. */
export async function fakeRedis(behave: (connection: number) => Answer | 'reset'): Promise<FakeRedis> {
  const sockets = new Set<Socket>()
  let accepted = 0
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => {}).on('close', () => sockets.delete(socket))
    const answer = behave(++accepted)
    if (answer === 'reset') socket.resetAndDestroy()
    else serve(socket, answer).catch(() => {})
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  return {
    url: `redis://127.0.0.1:${(server.address() as AddressInfo).port}`,
    get accepted() {
      return accepted
    },
    get open() {
      return sockets.size
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        for (const socket of sockets) socket.destroy()
      }),
  }
}

async function serve(socket: Socket, answer: Answer): Promise<void> {
  let text = ''
  for await (const [chunk] of on(socket.setEncoding('latin1'), 'data', { close: ['close'] })) {
    text += chunk
    for (let command = firstCommand(text); command !== undefined; command = firstCommand(text)) {
      text = text.slice(command.length)
      const reply = await answer(command.words)
      if (reply !== undefined) socket.write(reply)
    }
  }
}

/** An array of strings with their lengths before them. https://redis.io/docs/latest/develop/reference/protocol-spec/ */
function firstCommand(text: string): { readonly words: readonly string[]; readonly length: number } | undefined {
  const [head = '', count] = /^\*(\d+)\r\n/.exec(text) ?? []
  if (count === undefined) return undefined
  const words: string[] = []
  let at = head.length
  while (words.length < Number(count)) {
    const [mark, bytes] = /^\$(\d+)\r\n/.exec(text.slice(at, at + 20)) ?? []
    if (mark === undefined || text.length < at + mark.length + Number(bytes) + 2) return undefined
    words.push(text.slice(at + mark.length, at + mark.length + Number(bytes)))
    at += mark.length + Number(bytes) + 2
  }
  return { words, length: at }
}
