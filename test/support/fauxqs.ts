import { startFauxqs } from 'fauxqs'

/** An SQS of its own, in a process of its own: it says its port and runs until it is killed. */
const { port } = await startFauxqs({ port: 0, logger: false })
console.log(`port ${port}`)
