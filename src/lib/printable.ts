// Text of strangers for terminals and logs: addresses, replies, host names, header fields. Terminals obey control characters, and readers
// of lines split at them; marks of direction make a text look like another one.

/**
 * C0 with line feed but without tab, DEL, C1 (ECMA-48), the line and paragraph separators, and the characters with the property Bidi_Control
 * (Unicode UAX #9, section 2).
 */
// oxlint-disable-next-line no-control-regex -- control characters are what it matches
const unprintable = /[\x00-\x08\x0a-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g

/** The only such character in ASCII that JSON text does not escape itself. */
const DELETE = '\x7f'

const shortForms: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r' }

/** One line without such characters: each is escaped as in a JSON string, so JSON text stays the same JSON. */
export function printable(text: string): string {
  return text.replace(unprintable, escaped)
}

/** The same for JSON text in one line with its line feed; without any such character it is the same string. */
export function printableJson(line: string): string {
  // Nearly all lines are ASCII, and this is the fastest way to know.
  const isPlain = Buffer.byteLength(line) === line.length && !line.includes(DELETE)
  return isPlain ? line : `${printable(line.slice(0, -1))}\n`
}

/** The same for text of several lines, whose line feeds are ours. */
export function printableLines(text: string): string {
  return text.split('\n').map(printable).join('\n')
}

function escaped(character: string): string {
  return shortForms[character] ?? `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`
}
