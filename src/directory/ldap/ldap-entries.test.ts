import { describe, expect, it } from 'vitest'
import { readAliasEntry, readPerson, userAttributes } from './ldap-entries.ts'
import type { LdapUsers } from './ldap-settings.ts'

const users: LdapUsers = {
  base: 'ou=people',
  filter: '(uid=*)',
  attributes: {
    user: 'uid',
    addresses: ['mail', 'mailAlternateAddress'],
    forward: 'emailForward',
    password: 'mailPassword',
  },
}
const isOwn = (address: string) => address.endsWith('@example.org')
const dn = 'uid=kim,ou=people'

describe('readPerson', () => {
  it('makes a user, and a forward for each own address', () => {
    const entry = {
      dn,
      uid: 'kim',
      mail: ['k.im@example.org', 'kim@private.example'],
      emailForward: 'a@x.example',
      mailPassword: '{SSHA}x',
    }
    expect(readPerson(entry, users, isOwn)).toEqual({
      user: { name: 'kim', addresses: ['kim', 'k.im@example.org'], password: '{SSHA}x', source: dn },
      forwards: [
        { address: 'kim', targets: ['a@x.example'], source: dn },
        { address: 'k.im@example.org', targets: ['a@x.example'], source: dn },
      ],
    })
  })

  it('reads attribute names case-insensitively', () => {
    expect(readPerson({ dn, UID: 'kim', EMAILFORWARD: ['a@x.example'] }, users, isOwn)).toMatchObject({
      user: { name: 'kim' },
      forwards: [{ targets: ['a@x.example'] }],
    })
  })

  it.each([
    ['without a name', { dn }],
    ['with an empty name', { dn, uid: ['', ' '] }],
    ['with a name that is no text', { dn, uid: Buffer.from([0xff]) }],
  ])('ignores an entry %s', (_name, entry) => {
    expect(readPerson(entry, users, isOwn)).toBeNull()
  })

  it('has no forward or password if there is none', () => {
    const read = readPerson({ dn, uid: 'kim', emailForward: [], mailPassword: [] }, users, isOwn)
    expect(read).toEqual({ user: { name: 'kim', addresses: ['kim'], source: dn }, forwards: [] })
  })

  it('uses the first of several names and passwords', () => {
    const read = readPerson({ dn, uid: ['kim', 'kimmy'], mailPassword: ['{A}', '{B}'] }, users, isOwn)
    expect(read?.user).toMatchObject({ name: 'kim', password: '{A}' })
  })

  it('reads no password if passwords are kept elsewhere', () => {
    const without = { ...users, attributes: { ...users.attributes, password: null } }
    expect(readPerson({ dn, uid: 'kim', mailPassword: 'x' }, without, isOwn)?.user).not.toHaveProperty('password')
    expect(userAttributes(without)).toEqual(['uid', 'mail', 'mailAlternateAddress', 'emailForward'])
    expect(userAttributes(users)).toContain('mailPassword')
  })
})

describe('addresses with a type, as in Active Directory', () => {
  const directory: LdapUsers = {
    ...users,
    attributes: { user: 'uid', addresses: ['proxyAddresses', 'mail'], forward: 'targetAddress', password: null },
  }
  const proxyAddresses = [
    'SMTP:K.Im@example.org',
    'smtp:kim.old@example.org',
    ' smtp: padded@example.org ',
    'smtp:kim@private.example',
    'X500:/o=Example/ou=First/cn=Recipients/cn=kim@example.org',
    'sip:kim@example.org',
    'EUM:1234;phone-context=example.org',
    'SPO:SPO_1@SPO_2',
    'smtp:',
    'plain@example.org',
  ]

  it('are those of SMTP; other types are ignored', () => {
    const read = readPerson({ dn, uid: 'kim', proxyAddresses }, directory, isOwn)
    expect(read?.user.addresses).toEqual([
      'kim',
      'K.Im@example.org',
      'kim.old@example.org',
      'padded@example.org',
      'plain@example.org',
    ])
  })

  it('are targets too', () => {
    const entry = { dn, uid: 'kim', targetAddress: ['SMTP:kim@home.example.net', 'X400:c=US;a= ;p=Example'] }
    expect(readPerson(entry, directory, isOwn)?.forwards).toEqual([
      { address: 'kim', targets: ['kim@home.example.net'], source: dn },
    ])
  })

  it('are names and members of aliases', () => {
    const aliases = { base: '', filter: '', attributes: { address: 'proxyAddresses', targets: 'targetAddress' } }
    const entry = {
      dn: 'cn=press',
      proxyAddresses: ['SMTP:press@example.org', 'sip:press@example.org'],
      targetAddress: 'SMTP:kim',
    }
    expect(readAliasEntry(entry, aliases)).toEqual([
      { address: 'press@example.org', targets: ['kim'], source: 'cn=press' },
    ])
  })

  it('leaves :include: and commands to be reported', () => {
    const entry = { dn, uid: 'kim', targetAddress: [':include:/etc/staff', '|/bin/mail'] }
    expect(readPerson(entry, directory, isOwn)?.forwards[0]?.targets).toEqual([':include:/etc/staff', '|/bin/mail'])
  })
})

describe('readAliasEntry', () => {
  const aliases = { base: '', filter: '', attributes: { address: 'cn', targets: 'rfc822MailMember' } }

  it('makes an alias for each name', () => {
    const entry = { dn: 'cn=press', cn: ['press', 'media'], rfc822MailMember: ['kim', 'lee'] }
    expect(readAliasEntry(entry, aliases)).toEqual([
      { address: 'press', targets: ['kim', 'lee'], source: 'cn=press' },
      { address: 'media', targets: ['kim', 'lee'], source: 'cn=press' },
    ])
  })

  it('ignores an entry without a name', () => {
    expect(readAliasEntry({ dn: 'cn=x', rfc822MailMember: 'kim' }, aliases)).toEqual([])
  })
})
