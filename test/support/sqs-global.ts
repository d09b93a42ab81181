import type { TestProject } from 'vitest/node'
import { startSqs } from './sqs-start.ts'

/** Global set-up of the project `broker`: one SQS for all its files. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const { handle, stop } = await startSqs(process.env)
  project.provide('sqs', handle)
  console.log(`SQS tests on ${handle.kind} (${handle.endpoint})`)
  return stop
}
