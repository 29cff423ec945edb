// SCRAM on the side of the server: the example of RFC 7677, channel binding, users without keys, app passwords.

import { createHash, createHmac, pbkdf2Sync } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { createFakeClock } from '../../test/lib/fake-clock.ts'
import { scramFinal as clientFinal, scramFirst as clientFirst } from '../delivery/smtp-client/scram.ts'
import { currentApps, parseAppPasswords, withAppPasswords } from './app-password-file.ts'
import { writeAppLine } from './app-password-line.ts'
import type { ScramBegin, ScramChannel } from './authenticator.ts'
import { writeScram } from './derived-schemes.ts'
import { parsePasswdFile } from './passwd-file.ts'
import { peopleOf } from './people.ts'
import { createScramAuthenticator } from './scram-authenticator.ts'
import { readClientFirst } from './scram-messages.ts'

const clock = createFakeClock()
const client = { ip: '192.0.2.1', isKnown: false }
const salt = { rounds: 4096, salt: Buffer.from('W22ZaJ0SNY7soEsUEjb6gQ==', 'base64') }
const pencil = `{SCRAM-SHA-256}${writeScram('pencil', 'sha256', salt)}`
const users = `user:${pencil}\nold:$1$a$${'.'.repeat(22)}\n`
const SECRET = 'k3qm-7xw2-hn5p-9rtc-4vbd'
const app = (changes: object = {}) => {
  const fields = { user: 'user', label: 'phone', secret: SECRET, created: 0, expires: null, networks: [], senders: [] }
  return writeAppLine({ ...fields, salt, ...changes })
}
const plain: ScramChannel = { isPlus: false, isPlusOffered: false, data: null }

function server({ passwd = users, apps = '', mode = 'auto' as 'auto' | 'on' | 'off', nonce = 'server', key = 7 } = {}) {
  const file = parsePasswdFile('users', passwd)
  const people = withAppPasswords(
    peopleOf(() => file, 'example.org'),
    currentApps(() => parseAppPasswords('apps', apps).list, 'example.org'),
  )
  const saltKey = Buffer.alloc(32, key)
  return createScramAuthenticator({
    people,
    domain: 'example.org',
    clock,
    saltKey,
    mode: () => mode,
    newNonce: () => nonce,
  })
}

async function started(begun: ScramBegin, from = client) {
  if (begun.kind !== 'begun') throw new Error(begun.cause)
  return begun.answer(from)
}

/** A login of the SMTP client of the node, without channel binding. */
async function login(user: string, password: string, options: Parameters<typeof server>[0] = {}, from = client) {
  const first = await started(server(options).begin(clientFirst(user, 'client'), plain), from)
  const final = await clientFinal({ user, password }, 'client', first.message)
  if (final.kind !== 'final') throw new Error(final.cause)
  const end = first.end(final.message)
  if (end.kind !== 'judged') throw new Error(end.cause)
  if (end.message !== null) expect(end.message).toBe(`v=${final.expected}`)
  return { ...end, first: first.message }
}

describe('the example of RFC 7677', () => {
  const begin = () =>
    started(server({ nonce: '%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0' }).begin('n,,n=user,r=rOprNGfwEbeRWgbNEkqO', plain))
  const final =
    'c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ='

  it('is answered as it says', async () => {
    const first = await begin()
    expect(first.message).toBe('r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096')
    expect(first.end(final)).toMatchObject({
      kind: 'judged',
      answer: { kind: 'identified', identity: 'user' },
      message: 'v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=',
    })
  })

  it.each([
    ['a proof with one changed octet', final.replace('p=dHzb', 'p=eHzb'), 'judged'],
    ['a short proof', `${final.slice(0, -44)}dHzb`, 'judged'],
    ['another GS2 header', final.replace('c=biws', 'c=eSws'), 'judged'],
    ['another nonce', final.replace('k0,p', 'k1,p'), 'malformed'],
    ['no proof', final.slice(0, -47), 'malformed'],
    ['nothing', '', 'malformed'],
  ])('is refused with %s', async (_what, message, kind) => {
    const end = (await begin()).end(message)
    expect(end.kind).toBe(kind)
    if (end.kind === 'judged') expect(end).toMatchObject({ answer: { kind: 'wrong' }, message: null })
  })
})

describe('the first message', () => {
  it.each([
    ['n,,n=a=2Cb=3Dc,r=x', 'a,b=c', null],
    ['y,a=lee,n=lee,r=x', 'lee', 'lee'],
    ['n,,n=user,r=x,a=1,b=2', 'user', null],
  ])('%s has the user %s', (message, user, authzid) => {
    expect(readClientFirst(message)).toMatchObject({ kind: 'first', user, authzid })
  })

  it.each([
    '',
    'n,,',
    'n,,n=a=b,r=x',
    'n,,m=ext,n=a,r=x',
    'n,,n=a,r=',
    'x,,n=a,r=x',
    'p=,,n=a,r=x',
    `n,,n=${'a'.repeat(400)},r=x`,
  ])('%j is malformed', (message) => {
    expect(readClientFirst(message).kind).toBe('malformed')
  })
})

describe('channel binding', () => {
  const data = Buffer.alloc(32, 1)
  const plus: ScramChannel = { isPlus: true, isPlusOffered: true, data }

  it('accepts the channel of the session only', async () => {
    const bound = async (channel: Buffer) => {
      const first = await started(server().begin('p=tls-exporter,,n=user,r=client', plus))
      // The keys of a client that sees another channel, as behind an attacker who forwards the exchange.
      const header = Buffer.concat([Buffer.from('p=tls-exporter,,'), channel]).toString('base64')
      return first.end(proofFor('n=user,r=client', first.message, `c=${header},r=clientserver`))
    }
    expect(await bound(data)).toMatchObject({ answer: { kind: 'identified' } })
    expect(await bound(Buffer.alloc(32, 2))).toMatchObject({
      answer: { kind: 'wrong', cause: expect.stringContaining('channel') },
    })
  })

  it.each([
    ['a client that saw no -PLUS although it was offered', 'y,,n=user,r=c', { ...plus, isPlus: false }, /changed it/],
    ['-PLUS without a channel', 'n,,n=user,r=c', plus, /binds no channel/],
    ['a channel without -PLUS', 'p=tls-exporter,,n=user,r=c', { ...plus, isPlus: false }, /did not choose/],
    ['another kind of channel', 'p=tls-unique,,n=user,r=c', plus, /only tls-exporter/],
  ])('refuses %s', (_what, message, channel, cause) => {
    expect(server().begin(message, channel)).toMatchObject({ kind: 'refused', cause: expect.stringMatching(cause) })
  })

  it('accepts a client that supports it where it is not offered', () => {
    expect(server().begin('y,,n=user,r=c', plain).kind).toBe('begun')
  })
})

describe('a login', () => {
  it('with a wrong password, of an unknown user and of one without keys looks the same', async () => {
    const saltIn = (message: string) => /s=([^,]+),i=4096$/.exec(message)?.[1]
    const answers = new Map<string, string | undefined>()
    for (const user of ['user', 'old', 'nobody']) {
      const end = await login(user, 'wrong')
      expect(end).toMatchObject({ answer: { kind: 'wrong' }, message: null })
      expect(saltIn((await login(`${user}@example.org`, 'wrong')).first)).toBe(saltIn(end.first))
      expect(Buffer.from(saltIn(end.first) ?? '', 'base64')).toHaveLength(16)
      answers.set(user, saltIn(end.first))
    }
    expect(new Set(answers.values()).size).toBe(3)
    expect(saltIn((await login('nobody', 'x', { key: 8 })).first)).not.toBe(answers.get('nobody'))
  })

  it('succeeds with an app password that has the same salt', async () => {
    expect(await login('user', SECRET, { apps: app() })).toMatchObject({ answer: { identity: 'user', app: 'phone' } })
    expect((await login('user', 'pencil', { apps: app() })).answer).not.toHaveProperty('app')
    expect(await login('old', SECRET, { apps: app({ user: 'old' }) })).toMatchObject({ answer: { app: 'phone' } })
  })

  it.each([
    ['an expired app password', SECRET, app({ expires: clock.now() }), /expired/],
    ['an app password of another network', SECRET, app({ networks: ['198.51.100.0/24'] }), /may not be used/],
    ['an app password with another salt', SECRET, app({ salt: null }), /wrong password/],
  ])('fails with %s', async (_what, password, apps, cause) => {
    expect(await login('user', password, { apps })).toMatchObject({
      answer: { kind: 'wrong', cause: expect.stringMatching(cause) },
    })
  })

  it('fails from a network that the user may not use', async () => {
    const passwd = `user:${pencil}:::::: allow_nets=198.51.100.0/24\n`
    expect(await login('user', 'pencil', { passwd })).toMatchObject({ answer: { kind: 'wrong' }, message: null })
  })
})

describe('the offer', () => {
  const offered = (passwd: string, options: object = {}) => server({ passwd, ...options }).isOffered()
  it('stands while every user has keys of one salt', () => {
    expect(offered(`user:${pencil}\n`)).toBe(true)
    expect(offered(users)).toBe(false)
    expect(offered('')).toBe(false)
    expect(offered(`user:${pencil}\n`, { apps: app() })).toBe(true)
    expect(offered(`user:${pencil}\n`, { apps: app({ salt: null }) })).toBe(false)
  })

  it('can be forced and switched off', () => {
    expect(offered(users, { mode: 'on' })).toBe(true)
    expect(offered(`user:${pencil}\n`, { mode: 'off' })).toBe(false)
  })
})

/** The last message of a client with the password `pencil` and any channel. */
function proofFor(bare: string, serverFirst: string, withoutProof: string): string {
  const salted = pbkdf2Sync('pencil', salt.salt, salt.rounds, 32, 'sha256')
  const key = createHmac('sha256', salted).update('Client Key').digest()
  const stored = createHash('sha256').update(key).digest()
  const signature = createHmac('sha256', stored).update(`${bare},${serverFirst},${withoutProof}`).digest()
  return `${withoutProof},p=${Buffer.from(key.map((octet, at) => octet ^ (signature[at] as number))).toString('base64')}`
}
