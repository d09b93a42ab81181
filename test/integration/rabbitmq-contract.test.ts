import { brokerContract } from '../contract/broker-contract.ts'
import { testServer } from '../support/rabbitmq.ts'
import { rabbitmqTarget } from '../support/rabbitmq-target.ts'

const server = testServer()

brokerContract(rabbitmqTarget(server, 'classic'))
brokerContract(rabbitmqTarget(server, 'quorum'))
