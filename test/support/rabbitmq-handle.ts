/** A running RabbitMQ server, as plain data: it travels from the global set-up to the processes that run tests. */
export type RabbitmqHandle =
  | { readonly kind: 'url'; readonly url: string }
  | { readonly kind: 'docker'; readonly url: string; readonly container: string }
  | { readonly kind: 'debian'; readonly url: string; readonly node: DebianNode }

/** A node of its own from Debian's package: nothing that it uses is shared with the machine's own server. */
export interface DebianNode {
  readonly directory: string
  readonly name: string
  readonly ports: { readonly amqp: number; readonly distribution: number; readonly epmd: number }
}

declare module 'vitest' {
  export interface ProvidedContext {
    rabbitmq: RabbitmqHandle
  }
}
