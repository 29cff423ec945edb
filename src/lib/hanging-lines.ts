// Text in a column: a label, and its text wrapped at spaces beside it.

export interface Column {
  /** Of the whole line, characters. */
  readonly width: number
  /** Where the text begins. */
  readonly indent: number
}

/** The first line has the label; a word that is too long is cut over several lines. */
export function hangingLines(label: string, text: string, { width, indent }: Column): string[] {
  const room = width - indent
  const lines: string[] = []
  let line = ''
  for (const word of text.split(/(?<=\s)/)) {
    let rest = word
    if (line !== '' && line.length + rest.trimEnd().length > room) {
      lines.push(line.trimEnd())
      line = ''
    }
    for (; rest.trimEnd().length > room; rest = rest.slice(room)) lines.push(rest.slice(0, room))
    line += rest
  }
  return [...lines, line.trimEnd()].map((one, index) => `${(index === 0 ? label : '').padEnd(indent)}${one}`.trimEnd())
}
