import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { manyPeople } from '../../../test/lib/source-content.ts'
import { domainOf } from '../../smtp/mailbox.ts'
import { indexContent } from './index-content.ts'
import type { SourceContent } from './source-content.ts'

const settings = { mainDomain: 'example.org', domains: new Set(['example.org', 'lists.example.org']) }
const index = (content: Partial<SourceContent>) =>
  indexContent({ users: [], aliases: [], forwards: [], ...content }, settings)
const row = (address: string, targets: readonly string[], source = `cn=${address}`) => ({ address, targets, source })
const user = (name: string, addresses: readonly string[] = [name], source = `uid=${name}`) => ({
  name,
  addresses,
  source,
})

describe('indexContent', () => {
  it('indexes users, aliases and forwards of one address with their sources', () => {
    const { records, users } = index({
      users: [user('Kim', ['Kim', 'K.Im@Example.ORG'])],
      aliases: [row('press', ['kim', 'lee@example.org'])],
      forwards: [row('kim', ['kim@home.example.net'])],
    })
    expect(records.get('kim@example.org')).toEqual({
      user: { name: 'kim', source: 'uid=Kim' },
      forward: { targets: [{ local: 'kim', domain: 'home.example.net' }], source: 'cn=kim' },
    })
    expect(records.get('k.im@example.org')).toEqual({ user: { name: 'kim', source: 'uid=Kim' } })
    expect(records.get('press@example.org')?.alias?.targets).toEqual([
      { local: 'kim', domain: 'example.org' },
      { local: 'lee', domain: 'example.org' },
    ])
    expect(users.get('kim')?.addresses.length).toBe(2)
  })

  it('keeps password hashes unchanged', () => {
    const { passwords } = index({ users: [{ ...user('kim'), password: '{SSHA}x' }, user('lee')] })
    expect([...passwords]).toEqual([['kim', { password: '{SSHA}x', source: 'uid=kim' }]])
  })

  it('ignores names that are not UTF-8 in the source', () => {
    const { records, notes } = index({ aliases: [row('j\ufffdrgen', ['kim']), row('press', ['kim', 'j\ufffdrgen'])] })
    expect([...records.keys()]).toEqual(['press@example.org'])
    expect(notes).toHaveLength(2)
  })

  it('lists the aliases that name an address', () => {
    const { aliasGrants } = index({ aliases: [row('press', ['Kim']), row('board', ['kim', 'lee'])] })
    expect(aliasGrants.get('kim@example.org')?.map((grant) => grant.address)).toEqual([
      'press@example.org',
      'board@example.org',
    ])
  })

  it('gives the target of a forward no right to send as the address', () => {
    expect(index({ forwards: [row('boss', ['kim'])] }).aliasGrants.size).toBe(0)
  })

  it('reads several targets in one value, quotes included', () => {
    const { records } = index({ forwards: [row('kim', ['a@x.example, "b, c"@y.example', 'd@z.example,'])] })
    expect(records.get('kim@example.org')?.forward?.targets).toEqual([
      { local: 'a', domain: 'x.example' },
      { local: 'b, c', domain: 'y.example' },
      { local: 'd', domain: 'z.example' },
    ])
  })

  it.each([
    ['a command', '|/usr/bin/procmail'],
    ['a quoted command', '|procmail@example.org'],
    ['a file', '/var/mail/kim'],
    ['an include', ':include:/etc/list'],
    ['half an address', 'kim@'],
    ['two addresses glued', 'a@b@c.example'],
    ['a control character', 'kim\u0000@example.net'],
  ])('ignores %s with a note, and keeps the other targets', (_name, bad) => {
    const { records, notes, unused } = index({ forwards: [row('kim', [bad, 'kim@home.example.net'])] })
    expect(records.get('kim@example.org')?.forward?.targets).toEqual([{ local: 'kim', domain: 'home.example.net' }])
    expect(unused).toBe(1)
    expect(notes[0]).toMatch(/^cn=kim: ".*" is not an address$/)
  })

  it('has no entry for an address without usable targets', () => {
    expect(index({ forwards: [row('kim', ['|x'])] }).records.size).toBe(0)
  })

  it('ignores addresses outside the domains of the source', () => {
    const { records, notes } = index({
      aliases: [row('kim@evil.example', ['x@y.example'])],
      users: [user('kim', ['kim@gmail.example'])],
    })
    expect(records.size).toBe(0)
    expect(notes).toContain('cn=kim@evil.example: kim@evil.example is not in example.org, lists.example.org')
  })

  it('keeps the first of two entries for one address, and of two users of one name', () => {
    const { records, users, notes } = index({
      users: [user('kim', ['kim'], 'uid=kim,ou=a'), user('KIM', ['kim'], 'uid=kim,ou=b'), user('lee', ['kim'])],
      forwards: [row('kim', ['a@x.example'], 'first'), row('Kim@example.org', ['b@x.example'], 'second')],
    })
    expect(users.get('kim')?.source).toBe('uid=kim,ou=a')
    expect(records.get('kim@example.org')?.forward?.source).toBe('first')
    expect(notes).toEqual([
      'uid=kim,ou=b: user "kim" is already in uid=kim,ou=a',
      'uid=lee: kim@example.org is already in uid=kim,ou=a',
      'second: forward kim@example.org is already in first',
    ])
  })

  it.each(['', 'k im', 'kim@example.org', '"kim"'])('refuses %j as a user name', (name) => {
    expect(index({ users: [user(name)] }).users.size).toBe(0)
  })

  it('keeps the first notes and counts all', () => {
    const bad = Array.from({ length: 100 }, (_unused, at) => row(`a${at}`, ['|x']))
    const { notes, unused } = index({ forwards: bad })
    expect(notes.length).toBe(20)
    expect(unused).toBe(100)
  })

  it('never throws, whatever the content', () => {
    const text = fc.string({ unit: 'binary' })
    const rows = fc.array(fc.record({ address: text, targets: fc.array(text), source: text }))
    const users = fc.array(fc.record({ name: text, addresses: fc.array(text), password: text, source: text }))
    fc.assert(
      fc.property(fc.record({ users, aliases: rows, forwards: rows }), (content) => {
        const { records } = indexContent(content, settings)
        for (const key of records.keys()) expect(settings.domains.has(domainOf(key))).toBe(true)
      }),
      { numRuns: 200 },
    )
  })

  it('indexes a hundred thousand people', { timeout: 60_000 }, () => {
    expect(index(manyPeople(100_000)).records.size).toBe(100_000)
  })
})
