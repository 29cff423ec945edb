// The difference of two texts by lines, for an operator who changed a generated file.

/** Above this the table of the comparison would be large; such a file is a list of keys or hashes, not a configuration. */
const MAX_LINES = 2000

/** Lines that differ: `-` as the file has them, `+` as setup would write them. Lines in both are left out. */
export function lineDiff(found: string, wanted: string): readonly string[] {
  const [a, b] = [found, wanted].map((text) => text.replace(/\n$/, '').split('\n')) as [string[], string[]]
  if (a.length > MAX_LINES || b.length > MAX_LINES) return [`the files have ${a.length} and ${b.length} lines`]
  const common = commonLengths(a, b)
  const lines: string[] = []
  let [i, j] = [0, 0]
  while (i < a.length || j < b.length) {
    if (i < a.length && j < b.length && a[i] === b[j]) {
      i++
      j++
    } else if (j >= b.length || (i < a.length && at(common, i + 1, j) >= at(common, i, j + 1)))
      lines.push(`- ${a[i++]}`)
    else lines.push(`+ ${b[j++]}`)
  }
  return lines
}

/** The lengths of the longest common subsequences of the rests from each pair of lines on. */
function commonLengths(a: readonly string[], b: readonly string[]): readonly Uint16Array[] {
  const table = Array.from({ length: a.length + 1 }, () => new Uint16Array(b.length + 1))
  for (let i = a.length - 1; i >= 0; i--)
    for (let j = b.length - 1; j >= 0; j--)
      (table[i] as Uint16Array)[j] =
        a[i] === b[j] ? at(table, i + 1, j + 1) + 1 : Math.max(at(table, i + 1, j), at(table, i, j + 1))
  return table
}

function at(table: readonly Uint16Array[], i: number, j: number): number {
  return table[i]?.[j] ?? 0
}
