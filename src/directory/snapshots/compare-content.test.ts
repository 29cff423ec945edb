import { describe, expect, it } from 'vitest'
import { EMPTY_CONTENT, manyPeople } from '../../../test/lib/source-content.ts'
import { compareContent } from './compare-content.ts'
import type { SourceContent } from './source-content.ts'

const before: SourceContent = {
  users: [
    { name: 'kim', addresses: ['kim'], password: '{SSHA}old', source: 'uid=kim' },
    { name: 'lee', addresses: ['lee'], source: 'uid=lee' },
  ],
  aliases: [{ address: 'press', targets: ['kim'], source: 'cn=press' }],
  forwards: [{ address: 'kim', targets: ['kim@home.example.net'], source: 'uid=kim' }],
}

describe('compareContent', () => {
  it('finds no changes in equal content', () => {
    expect(compareContent(before, before)).toEqual([])
    expect(compareContent(manyPeople(5), manyPeople(5))).toEqual([])
  })

  it('lists what was added, removed and changed, users first', () => {
    const after: SourceContent = {
      users: [{ name: 'kim', addresses: ['kim', 'k.im'], password: '{SSHA}old', source: 'uid=kim' }],
      aliases: [
        { address: 'office', targets: ['kim'], source: 'cn=office' },
        { address: 'press', targets: ['kim', 'lee'], source: 'cn=press' },
      ],
      forwards: [],
    }
    expect(compareContent(before, after)).toEqual([
      { change: 'changed', what: 'user', name: 'kim', source: 'uid=kim', before: 'kim', after: 'kim, k.im' },
      { change: 'removed', what: 'user', name: 'lee', source: 'uid=lee', before: 'lee', after: null },
      { change: 'added', what: 'alias', name: 'office', source: 'cn=office', before: null, after: 'kim' },
      { change: 'changed', what: 'alias', name: 'press', source: 'cn=press', before: 'kim', after: 'kim, lee' },
      {
        change: 'removed',
        what: 'forward',
        name: 'kim',
        source: 'uid=kim',
        before: 'kim@home.example.net',
        after: null,
      },
    ])
  })

  it('lists a changed password without showing it', () => {
    const after = { ...before, users: before.users.map((user) => ({ ...user, password: '{SSHA}new' })) }
    const changes = compareContent(before, after)
    expect(changes.map((change) => change.after)).toEqual(['kim (password changed)', 'lee (password changed)'])
    expect(JSON.stringify(changes)).not.toMatch(/SSHA/)
  })

  it('lists everything against an empty snapshot', () => {
    expect(compareContent(EMPTY_CONTENT, manyPeople(2)).map((change) => change.change)).toEqual(
      Array.from({ length: 4 }, () => 'added'),
    )
  })
})
