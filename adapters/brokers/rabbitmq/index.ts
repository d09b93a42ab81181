export { rabbitmqBroker } from './broker.ts'
export type { HandBackOption, RabbitmqOptions } from './options.ts'
