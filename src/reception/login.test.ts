import { describe, expect, it } from 'vitest'
import { sampleSession } from '../../test/lib/check-facts.ts'
import { createFakeClock } from '../../test/lib/fake-clock.ts'
import type { Identification, LoginClient } from '../auth/authenticator.ts'
import { createBanningGuard } from '../auth/banning-guard.ts'
import type { LoginSource } from '../auth/login-history.ts'
import { createKnownClients } from '../auth/known-clients.ts'
import { createGuard } from '../auth/login-throttle.ts'
import { createBudgets } from '../budget/budgets.ts'
import { createLogin } from './login.ts'

/** A login whose passwords are judged by `judge`; the throttle is the real one. */
function loginWith(judge: (password: string) => Promise<Identification>) {
  const clock = createFakeClock()
  const known = createKnownClients(clock)
  const seen: (LoginClient | undefined)[] = []
  const forgotten: string[] = []
  const noted: string[] = []
  const history = {
    succeeded: (identity: string, { ip, way, listener }: LoginSource) =>
      void noted.push(`${identity} ${way} ${listener} ${ip}`),
    failed: (identity: string, { ip }: { ip: string }) => void noted.push(`${identity} failed ${ip}`),
  }
  const login = createLogin({
    appUse: { note: () => undefined },
    watch: { watch: () => undefined },
    history,
    tokens: { claimedUser: async () => null, check: async () => ({ kind: 'wrong', cause: 'none' }) },
    scram: { isOffered: () => false, begin: () => ({ kind: 'refused', cause: 'none' }) },
    passwords: {
      check: async (_user, password, client) => {
        seen.push(client)
        return judge(password)
      },
    },
    certificates: null,
    guard: createBanningGuard({
      guard: createGuard({ budgets: createBudgets(clock), known }),
      bans: { find: async () => ({ kind: 'known', bans: [] }), add: async () => 'added' },
      known,
      rules: { duration: 1, longest: 1, account: 1 },
      domain: 'example.org',
      clock,
    }),
    remembered: { forget: (account) => void forgotten.push(account) },
    domain: 'example.org',
  })
  const check = (password: string, { user = 'kim', ip = '192.0.2.1', authzid = null as string | null } = {}) =>
    login.check(sampleSession({ remoteIp: ip }), { kind: 'password', user, password, authzid })
  return { check, seen, forgotten, noted }
}

const identified = async (): Promise<Identification> => ({ kind: 'identified', identity: 'kim' })
const wrong = async (): Promise<Identification> => ({ kind: 'wrong', cause: 'wrong password' })
const codeOf = (answer: Awaited<ReturnType<ReturnType<typeof loginWith>['check']>>) =>
  answer.kind === 'accepted' ? 235 : answer.reply.code

describe('a login by password', () => {
  it('judges at most twenty of fifty guesses that come in parallel', async () => {
    const gate = Promise.withResolvers<void>()
    const { check, seen, forgotten } = loginWith(async () => {
      await gate.promise
      return wrong()
    })
    const answers = Array.from({ length: 50 }, (_, i) => check('guess', { user: `user${i}` }))
    gate.resolve()
    const codes = (await Promise.all(answers)).map(codeOf)
    expect(seen).toHaveLength(20)
    expect(codes.filter((code) => code === 535)).toHaveLength(20)
    expect(codes.filter((code) => code === 454)).toHaveLength(30)
    // What is remembered of the accounts is dropped with the ban.
    expect(forgotten).toEqual(Array.from({ length: 30 }, (_, i) => `user${i + 20}`))
  })

  it('notes logins and failures for the page, and nothing that was not judged', async () => {
    const known = loginWith(async (password) => (password === 'right' ? identified() : wrong()))
    await known.check('right')
    await known.check('guess')
    const doubtful = loginWith(async () => ({ kind: 'wrong', cause: 'x', doubt: 'ldap is down' }))
    await doubtful.check('x')
    const app = loginWith(async () => ({ kind: 'identified', identity: 'kim', app: 'phone' }))
    await app.check('x')
    expect(known.noted).toEqual([expect.stringMatching(/^kim password \S+ 192\.0\.2\.1$/), 'kim failed 192.0.2.1'])
    expect([doubtful.noted, app.noted]).toEqual([[], [expect.stringMatching(/^kim app phone /)]])
  })

  it('counts no failure when nothing was judged, also if the check itself fails', async () => {
    const unavailable = loginWith(async () => ({ kind: 'unavailable', cause: 'down' }))
    for (let i = 0; i < 50; i++) expect(codeOf(await unavailable.check('x'))).toBe(454)
    expect(unavailable.seen).toHaveLength(50)
    const broken = loginWith(() => Promise.reject(new Error('bug')))
    for (let i = 0; i < 50; i++) await expect(broken.check('x')).rejects.toThrow('bug')
    expect(broken.seen).toHaveLength(50)
  })

  it('passes to the password check whether the account has logged in from this client before', async () => {
    const { check, seen } = loginWith(identified)
    await check('secret')
    await check('secret')
    await check('secret', { ip: '198.51.100.1' })
    expect(seen.map((client) => client?.isKnown)).toEqual([false, true, false])
  })

  it.each(['kim', 'KIM', 'kim@example.org', 'Kim@EXAMPLE.org'])(
    'takes the authzid %s of the user kim',
    async (authzid) => {
      const { check } = loginWith(identified)
      expect(codeOf(await check('secret', { authzid }))).toBe(235)
      expect(codeOf(await check('secret', { user: 'kim@Example.org', authzid }))).toBe(235)
    },
  )

  it('does not act for another user', async () => {
    const { check, seen } = loginWith(identified)
    expect(codeOf(await check('secret', { authzid: 'lee' }))).toBe(535)
    expect(seen).toEqual([])
  })
})
