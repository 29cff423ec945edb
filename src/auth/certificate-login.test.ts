import { expect, it } from 'vitest'
import { createFakeClock } from '../../test/lib/fake-clock.ts'
import type { ClientCertificate } from '../smtp/session.ts'
import { createCertificateLogin } from './certificate-login.ts'
import { parsePasswdFile } from './passwd-file.ts'
import { peopleOf } from './people.ts'
import { createUserCertificates } from './user-certificates.ts'
import { parseUserPins } from './user-pins.ts'

const clock = createFakeClock()
const KEY = 'ab'.repeat(32)
const certificate: ClientCertificate = { subject: 'CN=laptop', fingerprint: 'cd'.repeat(32), keyFingerprint: KEY }

function setup(pins = `users: [{ name: kim@example.org, fingerprints: ["${KEY}"] }]\n`) {
  let users = 'kim:{PLAIN}a:::::: allow_nets=192.0.2.0/24\nlee:{PLAIN}a\n'
  let list = parseUserPins('pins.yaml', pins).list
  const used: string[] = []
  const login = createCertificateLogin({
    certificates: () =>
      createUserCertificates({ pins: list, authorities: [], user: 'email', anyPurpose: false, revocation: null }),
    people: peopleOf(() => parsePasswdFile('users', users, { weak: true }), 'example.org'),
    domain: 'example.org',
    clock,
    used: (identity) => used.push(identity),
  })
  const check = (authzid: string | null = null, ip = '192.0.2.1') => login.check({ certificate, authzid, ip })
  return {
    check,
    used,
    change: (text: string) => (users = text),
    unpin: () => (list = []),
  }
}

it('proves the user of a pinned key, in every form of the name', async () => {
  const { check, used } = setup()
  for (const authzid of [null, 'kim', 'KIM@example.org'])
    expect(await check(authzid)).toMatchObject({ kind: 'identified', identity: 'kim' })
  expect(await check('lee')).toMatchObject({ kind: 'wrong', cause: expect.stringContaining('authzid user:lee') })
  expect(await check(null, '203.0.113.1')).toMatchObject({ kind: 'wrong' })
  expect(used).toEqual(['kim', 'kim', 'kim'])
})

it('does not hold any more when the user or the pin is removed', async () => {
  const ended = async (end: (parts: ReturnType<typeof setup>) => void) => {
    const parts = setup()
    const answer = await parts.check()
    if (answer.kind !== 'identified' || !answer.whyEnded) throw new Error('not identified')
    expect(await answer.whyEnded()).toBeNull()
    end(parts)
    return answer.whyEnded()
  }
  expect(await ended(({ change }) => change('lee:{PLAIN}a\n'))).toContain('unknown user:kim')
  expect(await ended(({ change }) => change('kim:{PLAIN}a:::::: allow_nets=198.51.100.0/24\n'))).toContain(
    'may not log in',
  )
  expect(await ended(({ unpin }) => unpin())).toContain('not pinned')
})

it('reports a pinned user without a fingerprint, and unknown keys', () => {
  const { list, problems } = parseUserPins(
    'pins.yaml',
    'users:\n  - { name: kim }\n  - { name: lee, senders: [a@b.example] }\n',
  )
  expect(list).toEqual([])
  expect(problems.map(({ message }) => message)).toEqual([
    'user kim has no fingerprint',
    'found the key senders, expected one of name, fingerprints, keys, certificates',
  ])
})
