// The parts of DNS messages that dns-packet does not write or read: records with any class, and the place of the last record (RFC 1035 4.1).

export const HEADER_OCTETS = 12

/** RFC 1035 3.2.4, RFC 2136 1.3. */
export const classes = { IN: 1, NONE: 254, ANY: 255 } as const

export interface WireRecord {
  /** Without the final dot. */
  readonly name: string
  readonly type: number
  readonly class: (typeof classes)[keyof typeof classes]
  /** Seconds. */
  readonly ttl: number
  /** RDATA without its length; empty for none. */
  readonly data: Buffer
}

/** A name without compression, in lower case, which is its canonical form (RFC 4034 6.2). Its labels have at most 63 octets. */
export function encodeName(name: string): Buffer {
  const labels = name
    .toLowerCase()
    .split('.')
    .filter((label) => label !== '')
  const parts = labels.flatMap((label) => {
    const octets = Buffer.from(label, 'latin1')
    return [Buffer.from([octets.length]), octets]
  })
  return Buffer.concat([...parts, Buffer.from([0])])
}

export function encodeRecord({ name, type, class: recordClass, ttl, data }: WireRecord): Buffer {
  const fixed = Buffer.alloc(10)
  fixed.writeUInt16BE(type, 0)
  fixed.writeUInt16BE(recordClass, 2)
  fixed.writeUInt32BE(ttl, 4)
  fixed.writeUInt16BE(data.length, 8)
  return Buffer.concat([encodeName(name), fixed, data])
}

export interface PlacedRecord {
  /** Where the record begins in the message. */
  readonly start: number
  readonly name: string
  readonly type: number
  readonly data: Buffer
}

/** The last additional record of a message; null if there is none or the message is damaged. It is where TSIG is (RFC 8945 5.1). */
export function lastRecord(message: Buffer): PlacedRecord | null {
  try {
    return walk(message)
  } catch (error) {
    if (error instanceof RangeError) return null
    throw error
  }
}

function walk(message: Buffer): PlacedRecord | null {
  const [questions, ...sections] = [4, 6, 8, 10].map((at) => message.readUInt16BE(at))
  if (sections.at(-1) === 0) return null
  let at = HEADER_OCTETS
  for (let count = 0; count < (questions ?? 0); count++) at = readName(message, at).end + 4
  let last: PlacedRecord | null = null
  for (let count = sections.reduce((sum, one) => sum + one, 0); count > 0; count--) {
    const { name, end } = readName(message, at)
    const length = message.readUInt16BE(end + 8)
    const data = message.subarray(end + 10, end + 10 + length)
    if (data.length !== length) return null
    last = { start: at, name, type: message.readUInt16BE(end), data }
    at = end + 10 + length
  }
  return at === message.length ? last : null
}

/** Pointers that are followed in one name: each points back, so a longer chain is an attack. */
const MAX_POINTERS = 16

/** @returns the name in lower case without the final dot, and the place after it. Throws RangeError beyond the end of the message. */
export function readName(message: Buffer, start: number): { readonly name: string; readonly end: number } {
  const labels: string[] = []
  let [at, end, pointers] = [start, -1, 0]
  for (;;) {
    const length = message.readUInt8(at)
    if (length >= 0xc0) {
      if (end < 0) end = at + 2
      at = message.readUInt16BE(at) & 0x3fff
      if (++pointers > MAX_POINTERS) throw new RangeError('too many pointers in a name')
      continue
    }
    if (length === 0) return { name: labels.join('.').toLowerCase(), end: end < 0 ? at + 1 : end }
    if (at + 1 + length > message.length) throw new RangeError('a label beyond the end of the message')
    labels.push(message.toString('latin1', at + 1, at + 1 + length))
    at += 1 + length
  }
}
