import { readFileSync } from 'node:fs'

/** Adds up the JSON reports of several test runs and prints the closing line. A report that is missing, or a file that did not run, is a failure. */
interface Report {
  readonly numPassedTests: number
  readonly numFailedTests: number
  readonly numPendingTests: number
  readonly testResults: readonly { readonly status: string; readonly assertionResults: readonly unknown[] }[]
}

const totals = { passed: 0, failed: 0, skipped: 0 }
for (const file of process.argv.slice(2)) {
  const report = read(file)
  totals.passed += report?.numPassedTests ?? 0
  totals.skipped += report?.numPendingTests ?? 0
  totals.failed += report === undefined ? 1 : report.numFailedTests + filesThatDidNotRun(report)
}
console.log(
  `${totals.passed} passed, ${totals.failed} failed${totals.skipped > 0 ? `, ${totals.skipped} skipped` : ''}`,
)
process.exitCode = totals.failed === 0 && totals.passed > 0 ? 0 : 1

function filesThatDidNotRun(report: Report): number {
  return report.testResults.filter(
    ({ status, assertionResults }) => status === 'failed' && assertionResults.length === 0,
  ).length
}

function read(file: string): Report | undefined {
  try {
    return JSON.parse(readFileSync(file, 'utf8'))
  } catch {
    return undefined
  }
}
