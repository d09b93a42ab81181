import { readFileSync } from 'node:fs'

/**
 * Adds up the JSON reports of several test runs, names each test that failed, and prints the closing line. A report that is missing, or a file that
 * did not run, is a failure.
 */
interface Report {
  readonly numPassedTests: number
  readonly numPendingTests: number
  readonly testResults: readonly TestFile[]
}

interface TestFile {
  readonly name: string
  readonly status: string
  readonly message: string
  readonly assertionResults: readonly Test[]
}

interface Test {
  readonly status: string
  readonly fullName: string
  readonly failureMessages: readonly string[]
}

const totals = { passed: 0, failed: 0, skipped: 0 }
for (const path of process.argv.slice(2)) {
  const report = read(path)
  const failures = report === undefined ? [`${path} is missing`] : report.testResults.flatMap(failuresOf)
  for (const failure of failures) console.log(`failed: ${failure}`)
  totals.passed += report?.numPassedTests ?? 0
  totals.skipped += report?.numPendingTests ?? 0
  totals.failed += failures.length
}
console.log(
  `${totals.passed} passed, ${totals.failed} failed${totals.skipped > 0 ? `, ${totals.skipped} skipped` : ''}`,
)
process.exitCode = totals.failed === 0 && totals.passed > 0 ? 0 : 1

function failuresOf(file: TestFile): string[] {
  const failed = file.assertionResults.filter(({ status }) => status === 'failed')
  if (file.status === 'failed' && failed.length === 0) return [`${file.name}: ${firstLine(file.message)}`]
  return failed.map(({ fullName, failureMessages }) => `${file.name}: ${fullName}: ${firstLine(failureMessages[0])}`)
}

function firstLine(text = ''): string {
  return text.slice(0, 300).split('\n', 1)[0] ?? ''
}

function read(path: string): Report | undefined {
  try {
    return JSON.parse(readFileSync(path, 'utf8'))
  } catch {
    return undefined
  }
}
