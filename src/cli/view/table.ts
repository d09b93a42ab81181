type Row = readonly string[]

/** Columns as wide as their widest cell. As many as `left` says are left-aligned, the others right-aligned. */
export function table(rows: readonly Row[], { indent = '  ', left = 1 } = {}): readonly string[] {
  const widths = columnWidths(rows)
  return rows.map((row) => {
    const cells = row.map((cell, index) =>
      index < left ? cell.padEnd(widths[index] ?? 0) : cell.padStart(widths[index] ?? 0),
    )
    return `${indent}${cells.join('  ')}`.trimEnd()
  })
}

/** A table that is too wide, as several that fit; each begins with the first column. One column too many is better than none. */
export function splitTable(rows: readonly Row[], columns: number, indent = '  '): readonly (readonly Row[])[] {
  const [first = 0, ...widths] = columnWidths(rows)
  const parts: number[][] = []
  let room = 0
  for (const [index, width] of widths.entries()) {
    room -= width + 2
    if (room < 0 || parts.length === 0) {
      parts.push([])
      room = columns - indent.length - first - width - 2
    }
    parts.at(-1)?.push(index + 1)
  }
  return parts.map((part) => rows.map((row) => [0, ...part].map((index) => row[index] ?? '')))
}

function columnWidths(rows: readonly Row[]): readonly number[] {
  return (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => (row[column] ?? '').length)))
}
