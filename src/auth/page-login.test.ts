import { expect, it } from 'vitest'
import type { Identification } from './authenticator.ts'
import { createPageLogin } from './page-login.ts'

function loginWith(answer: Identification | Error, begun: 'free' | 'banned' | 'unavailable' = 'free') {
  const ends: string[] = []
  const forgotten: string[] = []
  const login = createPageLogin({
    domain: 'example.org',
    remembered: { forget: (account) => void forgotten.push(account) },
    guard: {
      begin: (_ip, user) =>
        begun === 'free'
          ? { kind: 'free', isKnown: user === 'lee', end: (how) => void ends.push(how) }
          : { kind: begun, cause: 'x' },
    },
    passwords: { check: () => (answer instanceof Error ? Promise.reject(answer) : Promise.resolve(answer)) },
  })
  const claim = { ip: '192.0.2.1', user: 'Lee@example.org', password: 'x' }
  return { ends, forgotten, check: () => login.check(claim), begin: () => login.begin('192.0.2.1', 'lee') }
}

it.each<[string, Identification, string, string[]]>([
  ['a wrong password', { kind: 'wrong', cause: 'x' }, 'wrong', ['failed']],
  ['a password in doubt', { kind: 'wrong', cause: 'x', doubt: 'ldap' }, 'unavailable', ['undecided']],
  ['no answer', { kind: 'unavailable', cause: 'x' }, 'unavailable', ['undecided']],
  ['an app password', { kind: 'identified', identity: 'lee', app: 'phone' }, 'app', ['undecided']],
])('counts %s as AUTH does', async (_what, given, kind, ends) => {
  const login = loginWith(given)
  expect(await login.check()).toMatchObject({ kind })
  expect(login.ends).toEqual(ends)
})

it('counts a success only when the caller completes it, once', async () => {
  const login = loginWith({ kind: 'identified', identity: 'lee' })
  const answer = await login.check()
  expect(login.ends).toEqual([])
  if (answer.kind !== 'proven') throw new Error(answer.kind)
  answer.end('undecided')
  answer.end('succeeded')
  expect([login.ends, answer.identity, await answer.whyEnded()]).toEqual([['undecided'], 'lee', null])
})

it('asks nothing while the throttle or a ban stands, and gives the attempt back after an error', async () => {
  const banned = loginWith(new Error('not asked'), 'banned')
  expect(await banned.check()).toEqual({ kind: 'throttled', cause: 'x' })
  expect(banned.forgotten).toEqual(['lee'])
  expect(await loginWith(new Error('not asked'), 'unavailable').check()).toMatchObject({ kind: 'unavailable' })
  const broken = loginWith(new Error('worker'))
  await expect(broken.check()).rejects.toThrow('worker')
  expect(broken.ends).toEqual(['undecided'])
  expect(await broken.begin()).toMatchObject({ kind: 'free', isKnown: true })
})
