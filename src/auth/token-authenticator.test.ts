import { createHmac } from 'node:crypto'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { createFakeClock } from '../../test/lib/fake-clock.ts'
import { startTokenIssuer, type TokenIssuer } from '../../test/lib/token-issuer.ts'
import type { WhyEnded } from './authenticator.ts'
import { parsePasswdFile } from './passwd-file.ts'
import { peopleOf } from './people.ts'
import { createTokenAuthenticator, type TokenSettings } from './token-authenticator.ts'
import { createTokenKeys } from './token-keys.ts'

let issuer: TokenIssuer
let clock: ReturnType<typeof createFakeClock>
beforeAll(async () => {
  issuer = await startTokenIssuer()
})
afterAll(() => issuer.close())
beforeEach(() => {
  clock = createFakeClock()
  issuer.answerWith(200)
})

function setup(changes: Partial<TokenSettings> = {}) {
  let warnings = 0
  let users = 'kim:{PLAIN}a\nlee:{PLAIN}a:::::: allow_nets=198.51.100.0/24\n'
  const keys = createTokenKeys(
    { url: issuer.url },
    { clock, fetch: globalThis.fetch, log: { warn: () => void warnings++ } },
  )
  const settings: TokenSettings = {
    issuer: issuer.issuer,
    audience: ['mail'],
    user: 'email',
    scopes: [],
    clockSkew: 60_000,
    keys,
    ...changes,
  }
  const tokens = createTokenAuthenticator({
    settings: () => settings,
    people: peopleOf(() => parsePasswdFile('users', users, { weak: true }), 'example.org'),
    domain: 'example.org',
    clock,
  })
  return {
    tokens,
    check: (token: string, user: string | null = null) => tokens.check({ token, user, ip: '192.0.2.1' }),
    change: (text: string) => (users = text),
    warnings: () => warnings,
  }
}
const seconds = () => Math.floor(clock.now() / 1000)
const sign = (claims: object = {}) => issuer.token({ email: 'kim@example.org', ...claims }, seconds())

describe('a token', () => {
  it('proves its user', async () => {
    const { tokens, check } = setup()
    const token = await sign()
    expect(await check(token)).toMatchObject({ kind: 'identified', identity: 'kim' })
    expect(await check(token, 'KIM')).toMatchObject({ kind: 'identified', identity: 'kim' })
    expect(await tokens.claimedUser(token)).toBe('kim@example.org')
    expect(await tokens.claimedUser('nothing')).toBeNull()
  })

  it.each<[string, object, string | null, RegExp]>([
    ['of another user than the client names', {}, 'lee', /is that of user:kim, not of user:lee/],
    ['of another issuer', { iss: 'https://other.example' }, null, /"iss"/],
    ['for another service', { aud: 'calendar' }, null, /"aud"/],
    ['that expired', { exp: 1000 }, null, /"exp"/],
    ['without an end', { exp: undefined }, null, /"exp"/],
    ['that is not valid yet', { nbf: 4_000_000_000 }, null, /"nbf"/],
    ['without the claim', { email: undefined }, null, /no claim email/],
    ['with a claim that is no name', { email: ['kim@example.org'] }, null, /no claim email/],
    ['of an unknown user', { email: 'ghost@example.org' }, null, /unknown user:ghost/],
    ['of a user who may not log in from here', { email: 'lee@example.org' }, null, /may not log in from/],
  ])('%s is refused', async (_what, claims, user, cause) => {
    expect(await setup().check(await sign(claims), user)).toMatchObject({
      kind: 'wrong',
      cause: expect.stringMatching(cause),
    })
  })

  it('needs the scopes, as a text or as a list', async () => {
    const { check } = setup({ scopes: ['mail.send'] })
    expect(await check(await sign())).toMatchObject({ kind: 'wrong', cause: 'the token lacks the scope mail.send' })
    expect(await check(await sign({ scope: 'openid mail.send' }))).toMatchObject({ kind: 'identified' })
    expect(await check(await sign({ scp: ['mail.send'] }))).toMatchObject({ kind: 'identified' })
  })

  it('without a signature, or with one that the public key would make, is refused', async () => {
    const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
    const claims = part({ iss: issuer.issuer, aud: 'mail', exp: seconds() + 600, email: 'kim@example.org' })
    const unsigned = `${part({ alg: 'none' })}.${claims}.`
    const head = part({ alg: 'HS256', kid: 'key-1' })
    const shared = createHmac('sha256', JSON.stringify(issuer.keys[0])).update(`${head}.${claims}`).digest('base64url')
    const changed = (await sign()).replace(/\.[^.]+\./, `.${claims}x.`)
    for (const token of [unsigned, `${head}.${claims}.${shared}`, changed, 'nothing', ''])
      expect(await setup().check(token)).toMatchObject({ kind: 'wrong' })
  })

  it('holds until its end, and while the user exists', async () => {
    const { check, change } = setup()
    const held = async () => {
      const answer = await check(await sign())
      return (answer.kind === 'identified' ? answer.whyEnded : undefined) as WhyEnded
    }
    const [first, second] = [await held(), await held()]
    expect(await first()).toBeNull()
    await clock.advance(661_000)
    expect(await first()).toContain('expired')
    change('lee:{PLAIN}a\n')
    expect(await second()).not.toBeNull()
  })
})

describe('the keys of a URL', () => {
  it('are fetched once for many logins, and again for a key that is new', async () => {
    const { check } = setup()
    const before = issuer.asked()
    const token = await sign()
    await Promise.all([check(token), check(token), check(token)])
    expect(issuer.asked()).toBe(before + 1)
    await clock.advance(60_000)
    await issuer.rotate()
    expect(await check(await sign())).toMatchObject({ kind: 'identified' })
    expect(await check(token)).toMatchObject({ kind: 'identified' })
    expect(issuer.asked()).toBe(before + 2)
  })

  it('are not asked for more often than every 30 s, whatever clients send', async () => {
    const { check } = setup()
    await check(await sign())
    const before = issuer.asked()
    const unknown = (await sign()).replace(/^[^.]+/, Buffer.from('{"alg":"ES256","kid":"ghost"}').toString('base64url'))
    for (let i = 0; i < 20; i++) expect(await check(unknown)).toMatchObject({ kind: 'wrong' })
    await clock.advance(31_000)
    for (let i = 0; i < 20; i++) await check(unknown)
    expect(issuer.asked()).toBe(before + 1)
  })

  it('stay in use while the issuer does not answer; without any, the login waits', async () => {
    const { check } = setup()
    const token = await sign()
    await check(token)
    issuer.answerWith(503)
    await clock.advance(301_000)
    expect(await check(await sign())).toMatchObject({ kind: 'identified' })
    const other = setup()
    expect(await other.check(await sign())).toMatchObject({
      kind: 'unavailable',
      cause: expect.stringContaining('the server answered 503'),
    })
    await clock.advance(31_000)
    await other.check(await sign())
    expect(other.warnings()).toBe(1)
    issuer.answerWith(200)
    await clock.advance(31_000)
    expect(await other.check(await sign())).toMatchObject({ kind: 'identified' })
  })
})
