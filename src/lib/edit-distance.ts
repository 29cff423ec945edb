// How different two words are, for "did you mean …?" after a misspelled key.

/** The number of characters to insert, delete or replace to turn one word into the other (Levenshtein distance). */
export function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index)
  for (let i = 1; i <= a.length; i += 1) {
    const next = [i]
    for (let j = 1; j <= b.length; j += 1) {
      const replaced = (row[j - 1] as number) + (a[i - 1] === b[j - 1] ? 0 : 1)
      const deleted = (row[j] as number) + 1
      const inserted = (next[j - 1] as number) + 1
      next.push(Math.min(replaced, deleted, inserted))
    }
    row = next
  }
  return row[b.length] as number
}
