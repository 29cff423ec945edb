// Writes the DER (X.690) that certificates need; der-reader.ts reads it.

/** One tag, length and value. */
export function tlv(tag: number, ...parts: readonly Uint8Array[]): Buffer {
  const value = Buffer.concat(parts)
  return Buffer.concat([Buffer.from([tag]), derLength(value.length), value])
}

export const sequence = (...parts: readonly Uint8Array[]): Buffer => tlv(0x30, ...parts)
export const set = (...parts: readonly Uint8Array[]): Buffer => tlv(0x31, ...parts)
export const octetString = (value: Uint8Array): Buffer => tlv(0x04, value)
export const utf8String = (text: string): Buffer => tlv(0x0c, Buffer.from(text, 'utf8'))
export const boolean = (value: boolean): Buffer => tlv(0x01, Buffer.from([value ? 0xff : 0]))

/** A context-specific tag around complete values. */
export const explicit = (number: number, ...parts: readonly Uint8Array[]): Buffer => tlv(0xa0 | number, ...parts)
/** A context-specific tag that replaces a primitive tag. */
export const implicit = (number: number, value: Uint8Array): Buffer => tlv(0x80 | number, value)

/** A non-negative integer from its octets, most significant first. */
export function integer(octets: Uint8Array): Buffer {
  let start = 0
  while (start < octets.length - 1 && octets[start] === 0) start++
  const value = octets.subarray(start)
  return tlv(0x02, (value[0] as number) >= 0x80 ? Buffer.concat([Buffer.from([0]), value]) : value)
}

/** A bit string; `unused` is the number of unused bits in the last octet. */
export function bitString(value: Uint8Array, unused = 0): Buffer {
  return tlv(0x03, Buffer.from([unused]), value)
}

/** An object identifier from its dotted form. */
export function oid(dotted: string): Buffer {
  const [first, second, ...rest] = dotted.split('.').map(Number) as [number, number, ...number[]]
  return tlv(0x06, Buffer.from([first * 40 + second, ...rest.flatMap(base128)]))
}

/** A time by RFC 5280 4.1.2.5: UTCTime until 2049, GeneralizedTime from 2050. */
export function time(date: Date): Buffer {
  const digits = date
    .toISOString()
    .replace(/\.\d+Z$/, 'Z')
    .replace(/[-:T]/g, '')
  return date.getUTCFullYear() < 2050 ? tlv(0x17, Buffer.from(digits.slice(2))) : tlv(0x18, Buffer.from(digits))
}

function derLength(length: number): Buffer {
  if (length < 0x80) return Buffer.from([length])
  const octets: number[] = []
  for (let rest = length; rest > 0; rest = Math.floor(rest / 256)) octets.unshift(rest % 256)
  return Buffer.from([0x80 | octets.length, ...octets])
}

function base128(value: number): number[] {
  const octets = [value & 0x7f]
  for (let rest = Math.floor(value / 128); rest > 0; rest = Math.floor(rest / 128)) octets.unshift((rest & 0x7f) | 0x80)
  return octets
}
