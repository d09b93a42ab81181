import type { Reader } from './reader.ts'

/** Every key inside a reader as a Markdown table: key, values, default, meaning. `prefix` stands before each key. */
export function referenceTable(reader: Reader<unknown>, prefix = ''): string {
  const rows = new Map<string, Row>()
  collect(reader, '', rows)
  const lines = [...rows].map(([key, row]) =>
    line([`\`${prefix}${key}\``, joined(row.values, '; '), joined(row.defaults, '; '), joined(row.meanings, ' ')]),
  )
  return [line(['key', 'values', 'default', 'meaning']), line(['---', '---', '---', '---']), ...lines, ''].join('\n')
}

/** Alternative forms of one key share a row. */
interface Row {
  readonly values: Set<string>
  readonly defaults: Set<string>
  readonly meanings: Set<string>
}

function collect(reader: Reader<unknown>, path: string, rows: Map<string, Row>): void {
  for (const { suffix, reader: inner } of reader.parts ?? []) {
    const at = `${path}${suffix}`.replace(/^\./, '')
    if (suffix.startsWith('.') && suffix !== '.*') addRow(at, inner, rows)
    collect(inner, at, rows)
  }
}

function addRow(key: string, reader: Reader<unknown>, rows: Map<string, Row>): void {
  const row = rows.get(key) ?? { values: new Set(), defaults: new Set(), meanings: new Set() }
  const { description } = reader.schema
  row.values.add(reader.expected)
  row.defaults.add(defaultText(reader))
  if (typeof description === 'string') row.meanings.add(description)
  rows.set(key, row)
}

function defaultText({ absent }: Reader<unknown>): string {
  if (absent === undefined) return 'required'
  return absent.text === '{}' ? 'see its keys' : (absent.text ?? 'none')
}

function joined(texts: ReadonlySet<string>, separator: string): string {
  return [...texts].join(separator)
}

function line(cells: readonly string[]): string {
  return `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`
}
