export { sqsBroker } from './broker.ts'
export type { HandBackOption, SqsOptions } from './options.ts'
