import { inject } from 'vitest'
import { brokerContract } from '../contract/broker-contract.ts'
import { sqsTarget } from '../support/sqs-target.ts'

brokerContract(sqsTarget(inject('sqs'), 'standard'), { volume: 5_000 })
