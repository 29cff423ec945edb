// Text of a stranger with one of each kind of character that a terminal or a reader of lines obeys, and a search for them in an output.

/** NUL, ESC, C1 CSI, DEL, NEL, the separators, and marks of direction of each kind. */
export const hostile = '\u0000\u001b[2J\u009b2J\u007f\u0085\u2028\u2029\u061c\u200e\u202a\u202e\u2066\u2069'

/** The first of these characters in an output, as U+…; null if it has none but tab and line feed. */
export function obeyed(output: string): string | null {
  // oxlint-disable-next-line no-control-regex -- control characters are what it matches
  const found = /[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/.exec(output)
  return found && `U+${found[0].charCodeAt(0).toString(16).padStart(4, '0')}`
}
