// Reads DER (X.690 8.1 and 10): one element after the other, without recursion. Errors are exceptions of type DerError, because every step of a
// reader can fail.

export class DerError extends Error {
  override readonly name = 'DerError'
}

export interface Element {
  readonly tag: number
  /** Content without the header. */
  readonly content: Buffer
  /** With the header. */
  readonly whole: Buffer
}

export const TAG = {
  boolean: 0x01,
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  oid: 0x06,
  utcTime: 0x17,
  generalizedTime: 0x18,
  sequence: 0x30,
  context0: 0xa0,
} as const

/** Longest length field: four octets are 4 GiB. */
const MOST_LENGTH_OCTETS = 4

/** The elements of a content, in order; lazily, so that a list of a million entries takes no memory. */
export function* elementsIn(content: Buffer): Generator<Element, void> {
  for (let at = 0; at < content.length; ) {
    const element = readElement(content, at)
    yield element
    at += element.whole.length
  }
}

/** The element at the start, which must fill the octets. */
export function onlyElement(octets: Buffer, tag: number): Element {
  const element = readElement(octets, 0)
  if (element.tag !== tag || element.whole.length !== octets.length) throw new DerError('unexpected element')
  return element
}

function readElement(from: Buffer, at: number): Element {
  const start = contentStart(from, at)
  const end = elementEnd(from, at)
  return { tag: octetAt(from, at), content: from.subarray(start, end), whole: from.subarray(at, end) }
}

/** Where the content of the element at `at` starts. */
function contentStart(from: Buffer, at: number): number {
  const first = octetAt(from, at + 1)
  return first < 0x80 ? at + 2 : at + 2 + (first & 0x7f)
}

/** Where the element at `at` ends. */
function elementEnd(from: Buffer, at: number): number {
  const start = contentStart(from, at)
  const octets = start - at - 2
  const first = octetAt(from, at + 1)
  if (octets > MOST_LENGTH_OCTETS || first === 0x80) throw new DerError('unsupported length')
  if (start > from.length) throw new DerError('cut off')
  const end = start + (octets === 0 ? first : from.readUIntBE(at + 2, octets))
  if (end > from.length) throw new DerError('cut off')
  return end
}

/**
 * The serial numbers of revoked certificates, each the first element of a sequence (RFC 5280 5.1). A list can have hundreds of thousands, so
 * it makes no object for an entry.
 */
export function readSerials(entries: Buffer): Set<string> {
  const serials = new Set<string>()
  for (let at = 0; at < entries.length; at = elementEnd(entries, at)) {
    const serial = contentStart(entries, at)
    if (entries[at] !== TAG.sequence || entries[serial] !== TAG.integer) throw new DerError('no serial number')
    const end = elementEnd(entries, serial)
    if (end > elementEnd(entries, at)) throw new DerError('cut off')
    let start = contentStart(entries, serial)
    while (entries[start] === 0 && start < end - 1) start++
    serials.add(entries.toString('hex', start, end))
  }
  return serials
}

function octetAt(from: Buffer, at: number): number {
  const octet = from[at]
  if (octet === undefined) throw new DerError('cut off')
  return octet
}

/** Unix milliseconds of UTCTime or GeneralizedTime in UTC (RFC 5280 4.1.2.5). */
export function readTime({ tag, content }: Element): number {
  const text = content.toString('latin1')
  const digits = tag === TAG.utcTime ? century(text) + text : text
  const match = /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)Z$/.exec(digits)
  if (!match) throw new DerError('malformed time')
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = match.slice(1).map(Number)
  return Date.UTC(year, month - 1, day, hour, minute, second)
}

/** Years from 50 on are those of the last century (RFC 5280 4.1.2.5.1). */
function century(text: string): string {
  return Number(text.slice(0, 2)) >= 50 ? '19' : '20'
}

/** `2.5.29.20`. */
export function readOid({ tag, content }: Element): string {
  if (tag !== TAG.oid || content.length === 0) throw new DerError('no object identifier')
  const arcs: number[] = []
  let value = 0
  for (const octet of content) {
    value = value * 128 + (octet & 0x7f)
    if (octet < 0x80) {
      if (arcs.length > 0) arcs.push(value)
      else arcs.push(Math.min(2, Math.floor(value / 40)), value - 40 * Math.min(2, Math.floor(value / 40)))
      value = 0
    }
  }
  return arcs.join('.')
}

/** The one spelling of a serial number: hexadecimal, two digits for each octet, in lower case, without octets of zero at the start. */
export function plainSerial(hexadecimal: string): string {
  const digits = hexadecimal.toLowerCase().replace(/^0+(?=.)/, '')
  return digits.length % 2 === 0 ? digits : `0${digits}`
}
