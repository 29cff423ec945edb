import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { manyPeople } from '../../../test/lib/source-content.ts'
import { parseSnapshot, printSnapshot } from './snapshot-file.ts'
import type { StoredSnapshot } from './snapshot-file.ts'
import { countContent } from './source-content.ts'

const text = fc.string({ unit: 'grapheme' })
const row = fc.record({ address: text, targets: fc.array(text), source: text })
const content = fc.record({
  users: fc.array(
    fc.oneof(
      fc.record({ name: text, addresses: fc.array(text), source: text }),
      fc.record({ name: text, addresses: fc.array(text), password: text, source: text }),
    ),
  ),
  aliases: fc.array(row),
  forwards: fc.array(row),
})

function snapshot(of: StoredSnapshot['content'] = manyPeople(3)): StoredSnapshot {
  return { header: { version: 7, takenAt: 1_790_000_000_000, source: 'ldap', counts: countContent(of) }, content: of }
}

describe('a snapshot file', () => {
  it('reads back any printed content', () => {
    fc.assert(
      fc.property(content, (made) => {
        const read = parseSnapshot(printSnapshot(snapshot(made)))
        expect(JSON.stringify(read)).toBe(JSON.stringify({ kind: 'read', snapshot: snapshot(made) }))
      }),
      { numRuns: 100 },
    )
  })

  it('is bad if truncated at any octet', () => {
    const whole = printSnapshot(snapshot(manyPeople(1)))
    for (let length = 0; length < whole.length; length += 1)
      expect(parseSnapshot(whole.slice(0, length)).kind).toBe('bad')
  })

  it('is bad if any character is changed', () => {
    const whole = printSnapshot(snapshot(manyPeople(1)))
    for (let at = 0; at < whole.length; at += 1) {
      const other = whole[at] === 'x' ? 'y' : 'x'
      expect(parseSnapshot(whole.slice(0, at) + other + whole.slice(at + 1)).kind).toBe('bad')
    }
  })

  it('distinguishes a damaged file from another format', () => {
    expect(parseSnapshot('')).toEqual({ kind: 'bad', cause: 'it is not a snapshot file of this version' })
    expect(parseSnapshot('waypost-directory-2 abc\n{}\n{}\n')).toMatchObject({
      cause: 'it is not a snapshot file of this version',
    })
    expect(parseSnapshot(`${printSnapshot(snapshot())}more`)).toMatchObject({
      cause: expect.stringContaining('checksum'),
    })
  })
})
