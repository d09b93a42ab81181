/** A value that shows by itself whether it is whole: about 10 KB, different for each step. */
export function stormContent(step: number): string {
  return `${step}/`.repeat(Math.ceil(10_000 / `${step}/`.length))
}
