// Recognises regular expressions that can take exponential time on 64 characters, by their form.

/** True for a repeated group with a repetition or alternative inside, at any depth: `(a+)+`, `(a|b)*`, `((a+)-?)+`. */
export function hasExponentialBacktracking(pattern: string): boolean {
  /** For each open group, the whole pattern first: whether it contains a repetition or alternative. */
  const open = [false]
  let at = 0
  while (at < pattern.length) {
    const character = pattern[at]
    if (character === '\\') at += 1
    else if (character === '[') at = endOfClass(pattern, at)
    else if (character === '(') open.push(false)
    else if (character === ')') {
      const varies = open.pop() ?? false
      if (varies && /^[+*{]/.test(pattern.slice(at + 1))) return true
      if (varies && open.length > 0) open[open.length - 1] = true
    } else if (/^(?:[+*|]|\{\d+,)/.test(pattern.slice(at))) open[open.length - 1] = true
    at += 1
  }
  return false
}

/** Skips a character class, where + and * are literal. */
function endOfClass(pattern: string, start: number): number {
  for (let at = start + 1; at < pattern.length; at += 1) {
    if (pattern[at] === '\\') at += 1
    else if (pattern[at] === ']') return at
  }
  return pattern.length
}
