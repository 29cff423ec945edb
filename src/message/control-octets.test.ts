// The search in strides finds what a look at every octet finds, wherever the octets lie in memory.

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { nextControl, searchControls } from './control-octets.ts'

const octet = fc.oneof(
  { weight: 12, arbitrary: fc.constantFrom(0x41, 0x20, 14, 0x7f, 0x80, 0x8d, 0xff) },
  { weight: 1, arbitrary: fc.constantFrom(0, 9, 10, 13) },
)

function placesOf(bytes: Uint8Array): number[] {
  const search = searchControls(bytes)
  const places: number[] = []
  for (let at = nextControl(search, 0); at < bytes.length; at = nextControl(search, at + 1)) places.push(at)
  return places
}

describe('the search for control octets', () => {
  it('finds every one of them and no other', () => {
    fc.assert(
      fc.property(fc.array(octet, { maxLength: 200 }), fc.nat(9), (octets, offset) => {
        const memory = Buffer.from([...Array.from({ length: offset }, () => 13), ...octets, 13, 13])
        const bytes = memory.subarray(offset, offset + octets.length)
        const expected = [...bytes].flatMap((one, place) => (one < 14 ? [place] : []))
        expect(placesOf(bytes)).toEqual(expected)
      }),
    )
  })

  it('ends at the end of what it was given', () => {
    for (let length = 0; length < 40; length++)
      for (let offset = 0; offset < 5; offset++) {
        const bytes = Buffer.alloc(64, 'a')
          .fill('\n', offset + length)
          .subarray(offset, offset + length)
        expect(nextControl(searchControls(bytes), 0)).toBe(length)
        expect(nextControl(searchControls(bytes), length)).toBe(length)
      }
  })
})
