/** One test of a policy, for a report. */
export interface JunitCase {
  readonly name: string
  /** Why it failed, a line for each reason; empty where it held. */
  readonly failures: readonly string[]
}

/** A JUnit report, as CI systems read it. */
export function junitXml(suite: string, cases: readonly JunitCase[]): string {
  const failed = cases.filter(({ failures }) => failures.length > 0).length
  const totals = `tests="${cases.length}" failures="${failed}"`
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites ${totals}>`,
    `  <testsuite name="${escapeXml(suite)}" ${totals}>`,
    ...cases.flatMap((one) => caseLines(suite, one)),
    '  </testsuite>',
    '</testsuites>',
    '',
  ].join('\n')
}

function caseLines(suite: string, { name, failures }: JunitCase): readonly string[] {
  const head = `    <testcase classname="${escapeXml(suite)}" name="${escapeXml(name)}"`
  const [first] = failures
  if (first === undefined) return [`${head}/>`]
  return [
    `${head}>`,
    `      <failure message="${escapeXml(first)}">${escapeXml(failures.join('\n'))}</failure>`,
    '    </testcase>',
  ]
}

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&apos;',
}

/** What XML 1.0 has no place for, not even escaped, is replaced. */
function escapeXml(text: string): string {
  return text
    .toWellFormed()
    .replaceAll(notInXml, '\uFFFD')
    .replaceAll(/[&<>"']/g, (character) => entities[character] ?? character)
}

// oxlint-disable-next-line no-control-regex -- control characters are what it looks for
const notInXml = /[\u0000-\u0008\u000B\u000C\u000E-\u001F\uFFFE\uFFFF]/g
