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
  const tag = octetAt(from, at)
  const first = octetAt(from, at + 1)
  let header = 2
  let length = first
  if (first >= 0x80) {
    const octets = first & 0x7f
    if (octets === 0 || octets > MOST_LENGTH_OCTETS) throw new DerError('unsupported length')
    header += octets
    if (at + header > from.length) throw new DerError('cut off')
    length = from.readUIntBE(at + 2, octets)
  }
  const end = at + header + length
  if (end > from.length) throw new DerError('cut off')
  return { tag, content: from.subarray(at + header, end), whole: from.subarray(at, end) }
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

/** Upper-case hexadecimal digits without leading zeros, as Node.js writes serial numbers. */
export function readSerial({ tag, content }: Element): string {
  if (tag !== TAG.integer) throw new DerError('no serial number')
  return plainSerial(content.toString('hex'))
}

/** The one spelling of a serial number. */
export function plainSerial(hexadecimal: string): string {
  return hexadecimal.toUpperCase().replace(/^0+(?=.)/, '')
}
