import { expect, it } from 'vitest'
import { crc32c } from './crc32c.ts'

// The vectors of iSCSI, and the usual check value.
it.each([
  ['32 zeros', Buffer.alloc(32), 0x8a9136aa],
  ['32 ones', Buffer.alloc(32, 0xff), 0x62a8ab43],
  ['rising', Buffer.from(Array.from({ length: 32 }, (_, at) => at)), 0x46dd794e],
  ['falling', Buffer.from(Array.from({ length: 32 }, (_, at) => 31 - at)), 0x113fdb5c],
  ['digits', Buffer.from('123456789'), 0xe3069283],
  ['nothing', Buffer.alloc(0), 0],
] as const)('the checksum of %s', (_, octets, sum) => {
  expect(crc32c(octets)).toBe(sum)
})
