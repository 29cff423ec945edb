// Writes header fields of our own: folded, in ASCII or UTF-8, and never able to start a field that nobody asked for.

import { FOLD_COLUMN, LINE_OCTETS } from './header-limits.ts'

const fieldName = /^[!-9;-~]+$/
/** Octets of UTF-8 for one unit of a string, at most. */
const MOST_OCTETS = 3
// oxlint-disable-next-line no-control-regex -- control characters are what is replaced
const controls = /[\x00-\x08\x0a-\x1f\x7f]+/g

/**
 * One complete field with CRLF. The value is folded at its spaces to 78 columns; existing line ends and control characters in it
 * become spaces, so that no value can inject a field.
 */
export function writeField(name: string, value: string): Buffer {
  if (!fieldName.test(name)) throw new TypeError(`no name of a header field: ${name}`)
  return Buffer.from(`${fold(`${name}: ${cleanValue(value)}`)}\r\n`, 'utf8')
}

/**
 * A field whose value is already folded (lines joined by CRLF and white space), such as an Authentication-Results value. Folds that
 * are none are repaired, so that it stays one field.
 */
export function writeFolded(name: string, value: string): Buffer {
  const lines = value.split(/\r?\n/).map((line) => line.replace(controls, ' ').trimEnd())
  const kept = lines.filter((line, i) => i === 0 || line.trim() !== '')
  const folded = kept.map((line, i) => (i === 0 || /^[ \t]/.test(line) ? line : `\t${line}`))
  if (!fieldName.test(name)) throw new TypeError(`no name of a header field: ${name}`)
  return Buffer.from(`${name}: ${folded.join('\r\n').trimStart()}\r\n`, 'utf8')
}

/** Text that may stand in a value: no control characters but tabs, no lone surrogates, single line. */
export function cleanValue(text: string): string {
  return text.toWellFormed().replace(controls, ' ').trim()
}

function fold(line: string): string {
  const lines: string[] = []
  let current = ''
  let octets = 0
  // Counting octets word by word costs more than all the rest; nearly every field of ours is ASCII.
  const isAscii = Buffer.byteLength(line) === line.length
  for (const word of line.split(/(?=[ \t])/)) {
    const length = isAscii ? word.length : Buffer.byteLength(word)
    // A word of white space alone must not become a line of its own, which some read as the end of the header.
    if (current === '' || octets + length <= FOLD_COLUMN || word.trim() === '' || current.endsWith(':')) {
      current += word
      octets += length
    } else {
      lines.push(current)
      current = word
      octets = length
    }
  }
  lines.push(current)
  return (lines.some((one) => one.length * MOST_OCTETS > LINE_OCTETS) ? lines.flatMap(cutLong) : lines).join('\r\n')
}

/** A word without a space that is longer than a line may be is cut: a rare wound to its text, but a legal message. */
function cutLong(line: string): string[] {
  const pieces: string[] = []
  let rest = line
  while (Buffer.byteLength(rest) > LINE_OCTETS) {
    let end = Math.min(rest.length, LINE_OCTETS)
    while (Buffer.byteLength(rest.slice(0, end)) > LINE_OCTETS) end--
    if (/[\ud800-\udbff]/.test(rest[end - 1] as string)) end--
    pieces.push(rest.slice(0, end))
    rest = ` ${rest.slice(end)}`
  }
  return [...pieces, rest]
}
