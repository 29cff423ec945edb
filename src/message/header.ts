// The header section as octets (RFC 5322 2.2): split into fields, and edited only by adding whole fields on top or removing whole fields.
// All other octets stay unchanged, because a change breaks signatures. Linear in the size of the section.

const LF = 0x0a
const CR = 0x0d
const SPACE = 0x20
const TAB = 0x09
const COLON = 0x3a

/** One field of a message. */
export interface Field {
  /** As written, without white space before the colon. */
  readonly name: string
  /** `name` in lower case. */
  readonly key: string
  /** The whole field: name, colon, value, folds and the final CRLF. */
  readonly raw: Buffer
  /** The value, unfolded (CRLF removed, RFC 5322 2.2.3) and trimmed; UTF-8 if it is valid UTF-8, else latin1. */
  readonly value: string
}

/**
 * Splits a header section, with or without the empty line at its end. Lines that are no field, and their
 * continuations, are omitted; `receiveMessage` accepts none.
 */
export function readFields(header: Buffer): readonly Field[] {
  return spans(header).flatMap((span) => (span.colon < 0 ? [] : [new FieldOfHeader(header, span)]))
}

/** The fields of that name, in order. */
export function fieldsNamed(fields: readonly Field[], name: string): readonly Field[] {
  const key = name.toLowerCase()
  return fields.filter((field) => field.key === key)
}

/**
 * Adds complete fields on top.
 * @param fields one or more fields, each line with CRLF; anything else throws, because it is a bug of the caller
 */
export function prependFields(header: Buffer, fields: Buffer): Buffer {
  const wellFormed = fields.length === 0 || fields.at(-1) === LF
  if (!wellFormed || spans(fields).some((span) => span.colon < 0))
    throw new TypeError('not a sequence of header fields')
  return fields.length === 0 ? header : Buffer.concat([fields, header])
}

/** Removes the fields for which the predicate is true; returns the same buffer if there are none. */
export function removeFields(header: Buffer, predicate: (field: Field) => boolean): Buffer {
  const pieces = spans(header)
  const kept = pieces.filter((span) => span.colon < 0 || !predicate(new FieldOfHeader(header, span)))
  if (kept.length === pieces.length) return header
  return Buffer.concat(kept.map((span) => header.subarray(span.start, span.end)))
}

/** The header section with each field replaced by the result of the function; lines that are no field stay. */
export function mapFields(header: Buffer, change: (field: Field) => Buffer): Buffer {
  const parts = spans(header).map((span) =>
    span.colon < 0 ? header.subarray(span.start, span.end) : change(new FieldOfHeader(header, span)),
  )
  return Buffer.concat(parts)
}

/**
 * The index of the colon of a field line, or -1 if the line is no field (RFC 5322 2.2). White space before the colon is the obsolete form of
 * 4.5, which mail programs still accept.
 */
export function fieldColon(bytes: Buffer, start: number, end: number): number {
  let at = start
  while (at < end && isNameOctet(bytes[at] as number)) at++
  if (at === start) return -1
  while (at < end && isBlank(bytes[at] as number)) at++
  return at < end && bytes[at] === COLON ? at : -1
}

/** True for a space or a tab, which start a continuation line. */
export function isBlank(octet: number): boolean {
  return octet === SPACE || octet === TAB
}

interface Span {
  readonly start: number
  readonly end: number
  readonly colon: number
}

/** Every part of the section: fields, and with colon -1 lines that are no field, such as the empty line at the end. */
function spans(header: Buffer): Span[] {
  const found: Span[] = []
  let start = 0
  while (start < header.length) {
    const lineEnd = endOfLine(header, start)
    let end = lineEnd
    while (end < header.length && isBlank(header[end] as number)) end = endOfLine(header, end)
    found.push({ start, end, colon: fieldColon(header, start, lineEnd) })
    start = end
  }
  return found
}

function endOfLine(bytes: Buffer, from: number): number {
  const lf = bytes.indexOf(LF, from)
  return lf < 0 ? bytes.length : lf + 1
}

/** All properties except the name are computed on access, because most fields of a message are skipped. */
class FieldOfHeader implements Field {
  readonly name: string
  readonly key: string
  readonly #header: Buffer
  readonly #span: Span
  #value: string | null = null

  constructor(header: Buffer, span: Span) {
    this.name = header.toString('latin1', span.start, span.colon).trimEnd()
    this.key = this.name.toLowerCase()
    this.#header = header
    this.#span = span
  }

  get raw(): Buffer {
    return this.#header.subarray(this.#span.start, this.#span.end)
  }

  get value(): string {
    this.#value ??= unfold(this.#header.subarray(this.#span.colon + 1, this.#span.end))
    return this.#value
  }
}

function unfold(bytes: Buffer): string {
  const utf8 = bytes.toString('utf8')
  const text = utf8.includes('\ufffd') && !Buffer.from(utf8).equals(bytes) ? bytes.toString('latin1') : utf8
  return text.replace(/\r?\n/g, '').trim()
}

function isNameOctet(octet: number): boolean {
  return octet > SPACE && octet < 0x7f && octet !== COLON && octet !== CR
}
