import { describe, expect, it } from 'vitest'
import { isUnqualified, publicAddress, type LocalNames } from './public-address.ts'
import { parsePath } from './path.ts'

const names: LocalNames = {
  host: 'web-01.example.org',
  domain: 'example.org',
  hosts: ['db.example.net', '*.internal.example.org'],
  rewrite: true,
}
const qualify = { ...names, rewrite: false }

describe('publicAddress', () => {
  it.each(['root', 'root@', 'root@localhost', 'root@LOCALHOST', 'root@localhost.localdomain', 'root@web-01'])(
    'completes %s',
    (address) => {
      expect(publicAddress(qualify, address, 'sender')).toBe('root@web-01.example.org')
      expect(publicAddress(qualify, address, 'recipient')).toBe('root@example.org')
      expect(publicAddress(names, address, 'sender')).toBe('root@example.org')
      expect(publicAddress(names, address, 'recipient')).toBe('root@example.org')
    },
  )

  it.each(['root@web-01.example.org', 'root@WEB-01.example.org', 'root@db.example.net', 'root@a.internal.example.org'])(
    'replaces the host of %s only where asked',
    (address) => {
      expect(publicAddress(names, address, 'sender')).toBe('root@example.org')
      expect(publicAddress(qualify, address, 'sender')).toBe(address)
    },
  )

  it.each(['kim@example.org', 'kim@other.example.org', 'kim@internal.example.org', 'kim@[192.0.2.1]', '@x:a@b.c', ''])(
    'keeps %s',
    (address) => {
      for (const use of ['sender', 'recipient'] as const) expect(publicAddress(names, address, use)).toBe(address)
    },
  )

  it('keeps the quotes of a local part, whose @ separates nothing', () => {
    expect(publicAddress(names, '"a@b"@localhost', 'sender')).toBe('"a@b"@example.org')
  })
})

it('an address literal and a name with a dot are qualified', () => {
  expect(['a@b.c', 'a@[192.0.2.1]', 'a@[IPv6:::1]'].map(isUnqualified)).toEqual([false, false, false])
})

it('an envelope has incomplete addresses only on a listener for this host', () => {
  expect(parsePath('<root>', 'reverse')).toMatchObject({ kind: 'bad' })
  expect(parsePath('<root>', 'reverse', names)).toMatchObject({
    kind: 'mailbox',
    mailbox: { local: 'root', domain: 'example.org' },
  })
  expect(parsePath('<>', 'reverse', names)).toEqual({ kind: 'null' })
  expect(parsePath('<postmaster>', 'forward', names)).toEqual({ kind: 'postmaster' })
})
