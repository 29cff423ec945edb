// Splits a command line into words as a shell does, without its expansions: sshd passes the command of the client as one text
// (SSH_ORIGINAL_COMMAND), and no shell must run it.

/** Null if a quote is not closed. */
export function splitWords(text: string): string[] | null {
  const words: string[] = []
  let word: string | null = null
  let quote: string | null = null
  for (let at = 0; at < text.length; at++) {
    const c = text[at] as string
    if (quote !== null) {
      if (c === quote) quote = null
      else if (c === '\\' && quote === '"' && /["\\$`]/.test(text[at + 1] ?? '')) word += text[++at] as string
      else word += c
    } else if (c === '"' || c === "'") {
      quote = c
      word ??= ''
    } else if (c === '\\' && at + 1 < text.length) word = (word ?? '') + (text[++at] as string)
    else if (/\s/.test(c)) {
      if (word !== null) words.push(word)
      word = null
    } else word = (word ?? '') + c
  }
  if (quote !== null) return null
  return word === null ? words : [...words, word]
}
