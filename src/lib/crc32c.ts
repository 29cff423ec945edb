// CRC-32C (Castagnoli), the checksum of iSCSI and of the PROXY protocol. Node has only the CRC-32 of zlib, which uses another polynomial.

const POLYNOMIAL = 0x82f63b78

const table = Uint32Array.from({ length: 256 }, (_, octet) => {
  let remainder = octet
  for (let bit = 0; bit < 8; bit++) remainder = remainder & 1 ? (remainder >>> 1) ^ POLYNOMIAL : remainder >>> 1
  return remainder
})

/** The checksum as an unsigned number. */
export function crc32c(octets: Uint8Array): number {
  let sum = 0xffffffff
  for (const octet of octets) sum = (sum >>> 8) ^ (table[(sum ^ octet) & 0xff] as number)
  return (sum ^ 0xffffffff) >>> 0
}
