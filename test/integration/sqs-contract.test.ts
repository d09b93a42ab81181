import { inject } from 'vitest'
import { brokerContract } from '../contract/broker-contract.ts'
import { sqsTarget } from '../support/sqs-target.ts'

const server = inject('sqs')

brokerContract(sqsTarget(server, 'standard'), { volume: 5_000 })
brokerContract(sqsTarget(server, 'FIFO'), { volume: 5_000 })
