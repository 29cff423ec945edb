import { describe, expect, it } from 'vitest'
import { sampleSession } from '../../test/lib/check-facts.ts'
import type { WhyEnded } from '../auth/authenticator.ts'
import type { PersonAnswer } from '../auth/people.ts'
import type { Session } from '../smtp/session.ts'
import { createSocketLogin } from './socket-login.ts'

const check = { kind: 'ask', verify: async () => ({ kind: 'mismatch' as const }) } as const
const office = (ip: string) => ip === '192.0.2.7'
const people = new Map<string, PersonAnswer>([
  ['kim', { kind: 'found', check, allows: null }],
  ['lee', { kind: 'found', check, allows: office }],
  ['sam', { kind: 'unavailable', cause: 'no directory' }],
])
const find = (name: string): PersonAnswer => people.get(name) ?? { kind: 'absent' }
const watched: WhyEnded[] = []
const login = createSocketLogin({
  people: { find, known: find },
  domain: 'example.org',
  watch: { watch: (_session, _origin, whyEnded) => void watched.push(whyEnded) },
})

const from = (ip: string | null): Session['forwarded'] => ({
  name: null,
  ip,
  helo: null,
  queueId: null,
  isLocal: false,
})
const answer = async (authzid: string | null, forwarded?: Session['forwarded']) => {
  const session = sampleSession(forwarded ? { forwarded } : {})
  const given = await login.check(session, { kind: 'external', authzid })
  return given.kind === 'accepted' ? given.origin : given.reply.code
}

describe('the login on the submission socket', () => {
  it('accepts a user that exists, with and without the domain', async () => {
    const kim = { kind: 'user', identity: 'kim' }
    expect([await answer('kim'), await answer('KIM@Example.org')]).toEqual([kim, kim])
  })

  it('ends when the user is removed', async () => {
    people.set('max', { kind: 'found', check, allows: null })
    expect(await answer('max')).toMatchObject({ identity: 'max' })
    const whyEnded = watched.at(-1) as WhyEnded
    expect(await whyEnded()).toBeNull()
    people.delete('max')
    expect(await whyEnded()).toContain('unknown user:max')
  })

  it('refuses all others', async () => {
    expect([await answer(null), await answer('pat'), await answer('kim@other.example')]).toEqual([535, 535, 535])
    expect(await answer('sam')).toBe(454)
  })

  it('keeps the networks of a user', async () => {
    expect(await answer('lee', from('192.0.2.7'))).toEqual({ kind: 'user', identity: 'lee' })
    expect([await answer('lee'), await answer('lee', from(null)), await answer('lee', from('192.0.2.8'))]).toEqual([
      535, 535, 535,
    ])
  })

  it('checks no passwords', async () => {
    const given = { kind: 'password', user: 'kim', password: 'x', authzid: null } as const
    expect(await login.check(sampleSession(), given)).toMatchObject({ kind: 'refused' })
  })
})
