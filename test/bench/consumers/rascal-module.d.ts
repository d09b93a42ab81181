/** The part of rascal that the benchmark calls; the package has no types of its own. */
declare module 'rascal' {
  interface Message {
    readonly properties: { readonly headers?: Readonly<Record<string, unknown>> }
  }

  interface Session {
    on(event: 'message', listener: (message: Message, content: unknown, ackOrNack: () => void) => void): this
    on(event: 'error', listener: (error: Error) => void): this
    once(event: 'subscribed', listener: () => void): this
  }

  interface Broker {
    on(event: 'error', listener: (error: Error) => void): this
    subscribe(name: string): Promise<Session>
    shutdown(): Promise<void>
  }

  const rascal: { readonly BrokerAsPromised: { create(config: object): Promise<Broker> } }
  export default rascal
}
