export interface ChartOptions {
  readonly height: number
  /** Labels of the top and of the bottom line; the column of labels is as wide as `labelWidth`. */
  readonly top: string
  readonly bottom: string
  readonly labelWidth: number
  /** Blocks in eighths, or characters that every terminal and log has. */
  readonly unicode: boolean
}

/** Values from 0 to 1 as columns, one each; a value that is undefined leaves its column empty, a value above 1 is cut. */
export function chart(values: readonly (number | undefined)[], options: ChartOptions): readonly string[] {
  const { height, top, bottom, labelWidth, unicode } = options
  const marks = unicode ? blocks : letters
  const parts = marks.length - 1
  const heights = values.map((value) => {
    if (value === undefined || !(value > 0)) return 0
    return Math.max(1, Math.round(Math.min(1, value) * height * parts))
  })
  return Array.from({ length: height }, (_, line) => {
    const below = (height - 1 - line) * parts
    const cells = heights.map((filled) => marks[Math.max(0, Math.min(parts, filled - below))] ?? ' ')
    const label = new Map([
      [height - 1, bottom],
      [0, top],
    ]).get(line)
    return `${(label ?? '').padStart(labelWidth)} ${unicode ? '│' : '|'}${cells.join('')}`.trimEnd()
  })
}

const blocks = [' ', '▁', '▂', '▃', '▄', '▅', '▆', '▇', '█']
const letters = [' ', '.', ':', '#']

export interface Mark {
  readonly column: number
  readonly text: string
}

/** The line below a chart: texts where they belong, as far as there is room. */
export function axis(
  marks: readonly Mark[],
  { labelWidth, width }: { readonly labelWidth: number; readonly width: number },
): string {
  let line = ''
  for (const { column, text } of marks.toSorted((a, b) => a.column - b.column)) {
    const isFree = line === '' || column > line.length
    if (isFree && column + text.length <= width) line = line.padEnd(column) + text
  }
  return `${' '.repeat(labelWidth + 2)}${line}`
}
