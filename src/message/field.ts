// Writes header fields of this node: folded, in ASCII or UTF-8. No value can start another field.

import { FOLD_COLUMN, LINE_OCTETS } from './header-limits.ts'

const fieldName = /^[!-9;-~]+$/
/** Most octets of UTF-8 for one UTF-16 unit. */
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
 * A field whose value is already folded (lines joined by CRLF and white space), such as an Authentication-Results value. Invalid folds
 * are repaired, so that the result is one field.
 */
export function writeFolded(name: string, value: string): Buffer {
  const lines = value.split(/\r?\n/).map((line) => line.replace(controls, ' ').trimEnd())
  const kept = lines.filter((line, i) => i === 0 || line.trim() !== '')
  const folded = kept.map((line, i) => (i === 0 || /^[ \t]/.test(line) ? line : `\t${line}`))
  if (!fieldName.test(name)) throw new TypeError(`no name of a header field: ${name}`)
  return Buffer.from(`${name}: ${folded.join('\r\n').trimStart()}\r\n`, 'utf8')
}

/** The text as it can stand in a value: one line, no control characters except tabs, no lone surrogates. */
export function cleanValue(text: string): string {
  return text.toWellFormed().replace(controls, ' ').trim()
}

function fold(line: string): string {
  // Nearly every field is ASCII, and counting octets of each word costs more than the rest of the function.
  const octets =
    Buffer.byteLength(line) === line.length
      ? (start: number, end: number) => end - start
      : (start: number, end: number) => Buffer.byteLength(line.slice(start, end))
  const lines: string[] = []
  let start = 0
  let word = 0
  while (word < line.length) {
    const end = nextBlank(line, word + 1)
    // A line of white space only must not occur: some implementations read it as the end of the header section.
    const isBlank = end === word + 1 && isBlankAt(line, word)
    if (word > start && !isBlank && line[word - 1] !== ':' && octets(start, end) > FOLD_COLUMN) {
      lines.push(line.slice(start, word))
      start = word
    }
    word = end
  }
  lines.push(line.slice(start))
  return (lines.some((one) => one.length * MOST_OCTETS > LINE_OCTETS) ? lines.flatMap(cutLong) : lines).join('\r\n')
}

function isBlankAt(line: string, at: number): boolean {
  return line[at] === ' ' || line[at] === '\t'
}

/** The place of the next space or tab from `from`, or the end. */
function nextBlank(line: string, from: number): number {
  let at = from
  while (at < line.length && !isBlankAt(line, at)) at++
  return at
}

/** Cuts a word that exceeds the longest line: its text changes, but the message stays valid (RFC 5322 2.1.1). */
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
