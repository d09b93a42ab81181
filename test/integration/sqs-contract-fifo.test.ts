import { inject } from 'vitest'
import { brokerContract } from '../contract/broker-contract.ts'
import { sqsTarget } from '../support/sqs-target.ts'

brokerContract(sqsTarget(inject('sqs'), 'FIFO'), { volume: 5_000 })
