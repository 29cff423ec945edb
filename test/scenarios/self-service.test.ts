// The page for people at a whole submission node: sign-in, a new password that counts at once for SMTP, app passwords, the second factor,
// logins and sent mail.

import { createHmac } from 'node:crypto'
import { appendFileSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { readBase32 } from '../../src/auth/totp.ts'
import { hashPassword } from '../../src/auth/schemes.ts'
import { password, writeAccounts } from '../lib/accounts.ts'
import { freePort } from '../lib/free-port.ts'
import { askPage, openBrowser, type PlaceOfPage, tokenIn } from '../lib/page-browser.ts'
import { runWaypost } from '../lib/run-waypost.ts'
import { until } from '../lib/until.ts'
import { startWorld, type WholeNode, type World } from '../lib/whole-node.ts'

const NEW = 'seven small bridges in fog'
const KIM = 'a long password of kim'
let world: World
let node: WholeNode
let place: PlaceOfPage
let users: string
let page: Readonly<Record<string, string>>

beforeAll(async () => {
  world = await startWorld()
  await world.destination('far.example', { replies: { dot: '250 <script>alert(1)</script>' } })
  const accounts = await writeAccounts(world)
  ;({ users } = accounts.yaml)
  const line = readFileSync(users, 'utf8').trim()
  writeFileSync(users, `# our people\n${line}:1000::Lee <b>:/home/lee::allow_nets=127.0.0.0/8\n`)
  appendFileSync(users, `kim:${hashPassword('SCRAM-SHA-256', KIM)}\n`)
  const port = await freePort()
  page = { listen: `127.0.0.1:${port}`, name: 'Example & Co', help: 'https://help.example.org/' }
  node = await world.node({
    role: 'submission',
    listeners: ['submissions', 'submission'],
    mail: { domains: ['example.org'], users: { lee: ['lee', 'shop'], kim: null } },
    yaml: {
      ...accounts.yaml,
      app_passwords: 'apps',
      peers: { mx: ['mx-01.example.org'] },
      self_service: page,
    },
    start: false,
  })
  writeFileSync(join(node.config, '..', 'apps'), '')
  await node.start()
  place = { port, ca: world.ca.certificate, host: 'node-1.example.org' }
})
afterAll(() => world.close())

const login = async (user: string, secret: string) => {
  const client = await node.connect({ tls: { rejectUnauthorized: false } })
  await client.expect(null, '220')
  await client.expect('EHLO client.example', '250')
  client.send(`AUTH PLAIN ${Buffer.from(`\0${user}\0${secret}`).toString('base64')}`)
  return { client, code: (await client.reply()).code }
}
const signedIn = async (user = 'lee', secret = password, at = place) => {
  const browser = openBrowser(at)
  await browser.get('/')
  const shown = await browser.submit('/sign-in', { user, password: secret })
  return { browser, shown }
}
const codeAt = (secret: Buffer, ms: number) => {
  const counter = Buffer.alloc(8)
  counter.writeBigUInt64BE(BigInt(Math.floor(ms / 30_000)))
  const mac = createHmac('sha1', secret).update(counter).digest()
  const number = mac.readUInt32BE((mac.at(-1) as number) & 15) & 0x7fff_ffff
  return String(number % 1_000_000).padStart(6, '0')
}

it('signs in with the mail password, shows the addresses, and keeps its pages alone', async () => {
  const { browser, shown } = await signedIn('Lee@example.org')
  expect(shown).toMatchObject({ status: 200, body: expect.stringContaining('shop@example.org') })
  expect(shown.body).toContain('Example &amp; Co')
  expect(browser.cookie).toMatch(/^__Host-waypost=[\w-]{43}$/)
  expect(shown.headers).toMatchObject({
    'cache-control': 'no-store',
    'x-frame-options': 'DENY',
    'content-security-policy': expect.stringMatching(/^default-src 'none'; style-src 'sha256-/),
  })
  await browser.submit('/sign-out')
  expect(browser.body).toContain('action="/sign-in"')
})

it('changes the password: the new one counts at once, the old one and its sessions end', async () => {
  const smtp = await login('lee', password)
  expect(smtp.code).toBe(235)
  const other = await signedIn()
  const { browser } = await signedIn()
  await browser.get('/password')
  const fields = (old: string, next: string) => ({ old, new: next, again: next })
  expect(await browser.submit('/password', fields(password, 'short'))).toMatchObject({ status: 422 })
  expect(await browser.submit('/password', fields('wrong', NEW))).toMatchObject({ status: 403 })
  const before = browser.cookie
  expect((await browser.submit('/password', fields(password, NEW))).body).toContain('Your password is changed')
  expect(browser.cookie).not.toBe(before)
  expect(await Promise.all([login('lee', NEW), login('lee', password)])).toMatchObject([{ code: 235 }, { code: 535 }])
  expect((await other.browser.get('/password')).body).toContain('action="/sign-in"')
  await smtp.client.closed()
  expect(smtp.client.received).toContain('421 4.7.0')
  expect(readFileSync(users, 'utf8')).toMatch(
    /^# our people\nlee:\{ARGON2ID\}\$argon2id\S+:1000::Lee <b>:\/home\/lee::allow_nets=127\.0\.0\.0\/8\nkim:\{SCRAM/,
  )
  await until(() => node.ledger().some(({ kind }) => kind === 'account-changed'), { what: 'the event' })
  expect(node.ledger().find(({ kind }) => kind === 'account-changed')).toMatchObject({
    account: 'user:lee',
    change: 'password',
    by: 'self-service',
  })
  const changedKim = await signedIn('kim', KIM)
  await changedKim.browser.get('/password')
  expect((await changedKim.browser.submit('/password', fields(KIM, `${KIM} new`))).status).toBe(200)
  expect(readFileSync(users, 'utf8')).toMatch(/\nkim:\{SCRAM-SHA-256\}4096,/)
  expect(await node.reload()).toContain('reloaded')
  expect((await login('kim', `${KIM} new`)).code).toBe(235)
})

it('makes an app password that is shown once, works at once and ends when it is removed', async () => {
  const { browser } = await signedIn('lee', NEW)
  await browser.get('/app-passwords')
  const foreign = await browser.submit('/app-passwords/add', { label: 'phone', sender: 'boss@example.org' })
  expect(foreign).toMatchObject({ status: 422, body: expect.stringContaining('You may not send as boss@example.org') })
  const made = await browser.submit('/app-passwords/add', { label: 'phone', sender: 'shop@example.org', expires: '30' })
  const secret = /class="secret">([^<]+)</.exec(made.body)?.[1] ?? ''
  const smtp = await login('lee', secret)
  expect(smtp.code).toBe(235)
  await smtp.client.expect('MAIL FROM:<lee@example.org>', '553')
  await smtp.client.expect('MAIL FROM:<shop@example.org>', '250')
  const list = await browser.get('/app-passwords')
  expect(list.body).toMatch(/phone<\/th>[^]*from 127\.0\.0\.1[^]*sends as shop@example\.org/)
  expect(list.body).not.toContain(secret)
  expect((await signedIn('lee', secret)).shown).toMatchObject({
    status: 403,
    body: expect.stringContaining('app password'),
  })
  expect((await browser.submit('/app-passwords/remove', { label: 'phone' })).body).toContain('You have none')
  expect((await login('lee', secret)).code).toBe(535)
  await smtp.client.closed()
})

it('shows logins and sent mail, with the reply of a stranger escaped', async () => {
  const { client, code } = await login('lee', NEW)
  expect(code).toBe(235)
  await client.expect('MAIL FROM:<lee@example.org>', '250')
  await client.expect('RCPT TO:<ann@far.example>', '250')
  await client.expect('DATA', '354')
  await client.expect('From: lee@example.org\r\nSubject: x\r\n\r\nx\r\n.', '250')
  await node.emptied()
  const { browser } = await signedIn('lee', NEW)
  const { body } = await browser.get('/logins')
  expect(body).toMatch(/submissions[^]*client\.example/)
  expect(body).not.toContain('<script')
  expect(body).toMatch(/Failed attempts[^]*127\.0\.0\.1/)
  expect((await browser.get('/sent')).body).toMatch(/far\.example[^]*delivered[^]*&lt;script&gt;/)
})

it('asks for the second factor, takes a code once, and an operator can remove it', async () => {
  const { browser } = await signedIn('lee', NEW)
  const shown = (await browser.get('/second-factor')).body
  const secret = readBase32((/class="secret">([^<]+)</.exec(shown)?.[1] ?? '').replaceAll(' ', '')) ?? Buffer.alloc(0)
  expect(shown).toContain('<svg class="qr"')
  expect(await browser.submit('/second-factor/on', { code: '000000' })).toMatchObject({ status: 422 })
  const code = codeAt(secret, Date.now())
  const on = await browser.submit('/second-factor/on', { code })
  const [, recovery = ''] = /<li>([2-9a-z]{5}-[2-9a-z]{5})</.exec(on.body) ?? []
  const next = await signedIn('lee', NEW)
  expect(next.shown.body).toContain('Code of your second factor')
  expect((await next.browser.get('/password')).body).toContain('Code of your second factor')
  expect(await next.browser.submit('/code', { code })).toMatchObject({ status: 403 })
  expect((await next.browser.submit('/code', { code: recovery })).body).toContain('7 recovery codes left')
  expect((await login('lee', NEW)).code).toBe(235)
  expect(await runWaypost(['passwd', 'totp', 'remove', 'lee', '-c', node.config])).toMatchObject({ status: 0 })
  expect((await signedIn('lee', NEW)).shown.body).toContain('Your mail account')
})

it('refuses what is not its form, its host or small', async () => {
  const { browser } = await signedIn('lee', NEW)
  const { body } = await browser.get('/password')
  const form = (changes: Readonly<Record<string, string>>, path = '/password') => ({
    method: 'POST',
    path,
    body: new URLSearchParams({
      token: tokenIn(body, '/password'),
      old: NEW,
      new: password,
      again: password,
    }).toString(),
    headers: {
      cookie: browser.cookie,
      'content-type': 'application/x-www-form-urlencoded',
      origin: `https://${place.host}:${place.port}`,
      ...changes,
    },
  })
  const status = async (...asked: Parameters<typeof form>) => (await askPage(place, form(...asked))).status
  expect(await status({ origin: 'https://evil.example' })).toBe(403)
  expect(await status({ origin: 'null' })).toBe(403)
  expect(await status({ 'sec-fetch-site': 'cross-site' })).toBe(403)
  expect(await status({ 'content-type': 'text/plain' })).toBe(403)
  expect(await status({ cookie: '' })).toBe(403)
  expect(await status({ cookie: `__Host-waypost=${'a'.repeat(43)}` })).toBe(403)
  expect(await status({}, '/second-factor/on')).toBe(403)
  expect(await status({ host: 'evil.example', origin: 'https://evil.example' })).toBe(421)
  expect((await askPage(place, { ...form({}), body: 'x'.repeat(1_000_000) })).status).toBe(413)
  expect((await askPage(place, { path: '/password', method: 'DELETE' })).status).toBe(405)
  expect((await login('lee', NEW)).code).toBe(235)
})

it('gives a new token at the sign-in, ends sessions at a restart, and never logs secrets', async () => {
  const browser = openBrowser(place)
  await browser.get('/')
  const planted = browser.cookie
  await browser.submit('/sign-in', { user: 'lee', password: NEW })
  expect(browser.cookie).not.toBe(planted)
  const victim = openBrowser(place)
  victim.cookie = planted
  expect((await victim.get('/password')).body).toContain('action="/sign-in"')
  await node.stop()
  await node.start()
  expect((await browser.get('/password')).body).toContain('action="/sign-in"')
  const log = node.log().join('\n')
  expect(log).toContain('signed in at the page')
  for (const secret of [password, NEW, KIM, browser.cookie.split('=')[1] as string]) expect(log).not.toContain(secret)
})

it('counts wrong passwords with those of SMTP, and takes no more', async () => {
  const stranger = { ...place, localAddress: '127.0.9.9' }
  const statuses: number[] = []
  const browser = openBrowser(stranger)
  await browser.get('/')
  for (let guess = 0; guess < 22; guess++)
    statuses.push((await browser.submit('/sign-in', { user: `lee${guess % 3}`, password: 'guess' })).status)
  expect([statuses[0], statuses.at(-1)]).toEqual([403, 429])
  const client = await node.connect({ tls: { rejectUnauthorized: false }, localAddress: '127.0.9.9' })
  expect((await client.reply()).code).not.toBe(220)
  // From where Lee has signed in before, it works.
  expect((await signedIn('lee', NEW)).shown.status).toBe(200)
})

it('shows only the set-up of the second factor until a person has one, where the operator requires it', async () => {
  node.configure({ self_service: { ...page, require_second_factor: true } })
  await node.stop()
  await node.start()
  const { browser, shown } = await signedIn('kim', `${KIM} new`)
  expect(shown.body).toContain('Set it up')
  for (const path of ['/', '/password', '/app-passwords', '/sent'])
    expect((await browser.get(path)).body).toContain('Set it up')
  const set = (await browser.get('/second-factor')).body
  const secret = readBase32((/class="secret">([^<]+)</.exec(set)?.[1] ?? '').replaceAll(' ', '')) ?? Buffer.alloc(0)
  await browser.submit('/second-factor/on', { code: codeAt(secret, Date.now()) })
  expect((await browser.get('/password')).body).toContain('Present password')
  // The mail password alone changes nothing.
  const thief = await signedIn('kim', `${KIM} new`)
  expect((await thief.browser.get('/password')).body).toContain('Code of your second factor')
})
