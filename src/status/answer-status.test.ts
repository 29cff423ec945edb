// The status page over HTTP: which requests it answers, what it never sends, who may see and act, and what an action leaves in the ledger.

import { request } from 'node:http'
import { text } from 'node:stream/consumers'
import { afterEach, describe, expect, it } from 'vitest'
import { hostileText, type SampleOptions, startStatusSample, type StatusSample } from '../../test/lib/status-sample.ts'
import { atSrs, sampleSource } from '../../test/lib/status-fleet-sample.ts'
import { tokenDigest } from './operator-list.ts'

const TOKEN = 'a token that only this test knows'
const operators = `anna act token:${tokenDigest(TOKEN)} # on her laptop\nben view token:${tokenDigest('of ben')}\n`
const running: StatusSample[] = []

async function start(options?: SampleOptions): Promise<StatusSample> {
  const sample = await startStatusSample(options)
  running.push(sample)
  return sample
}

afterEach(async () => {
  await Promise.all(running.splice(0).map((one) => one.close()))
})

interface Asked {
  readonly method?: string
  readonly path: string
  readonly headers?: Readonly<Record<string, string>>
  readonly form?: Readonly<Record<string, string>>
}

interface Shown {
  readonly status: number
  readonly body: string
  readonly headers: Readonly<Record<string, unknown>>
}

/** `fetch` does not send the Host and Origin of a test. */
function ask({ url }: StatusSample, { method, path, headers = {}, form }: Asked): Promise<Shown> {
  const { host, origin } = new URL(url)
  const sent = form && new URLSearchParams(form).toString()
  const own = form ? { 'content-type': 'application/x-www-form-urlencoded', origin } : {}
  return new Promise((resolve, reject) => {
    const open = request(`${url}${path}`, {
      method: method ?? (form ? 'POST' : 'GET'),
      headers: { host, ...own, ...headers },
      agent: false,
    })
    open.on('error', reject)
    open.on('response', (response) => {
      text(response).then(
        (body) => resolve({ status: response.statusCode ?? 0, body, headers: response.headers }),
        reject,
      )
    })
    open.end(sent)
  })
}

function cookieOf({ headers }: Shown): string {
  return [headers['set-cookie']].flat().map(String).at(-1)?.split(';')[0] ?? ''
}

function tokenIn({ body }: Shown, action: string): string {
  return new RegExp(`action="${action}">\\s*<input type="hidden" name="token" value="([^"]+)"`).exec(body)?.[1] ?? ''
}

/** Fills the form that confirms an action. */
async function act(
  sample: StatusSample,
  path: string,
  { cookie, fields = {} }: { readonly cookie?: string; readonly fields?: Readonly<Record<string, string>> } = {},
): Promise<Shown> {
  const shown = await ask(sample, { path, headers: cookie === undefined ? {} : { cookie } })
  const hidden = [...shown.body.matchAll(/<input type="hidden" name="([^"]+)" value="([^"]*)"/g)].map(
    ([, name = '', value = '']) => [name, value] as const,
  )
  const headers = { cookie: cookie ?? cookieOf(shown) }
  return ask(sample, { path: '/act', headers, form: { ...Object.fromEntries(hidden), reason: 'a test', ...fields } })
}

async function signedIn(
  sample: StatusSample,
  token = TOKEN,
): Promise<{ readonly cookie: string; readonly shown: Shown }> {
  const first = await ask(sample, { path: '/' })
  const shown = await ask(sample, {
    path: '/sign-in',
    headers: { cookie: cookieOf(first) },
    form: { token: tokenIn(first, '/sign-in'), 'operator-token': token },
  })
  return { cookie: cookieOf(shown), shown }
}

function views({ ids }: StatusSample): readonly string[] {
  return [
    '/',
    '/queue',
    '/queue/messages',
    '/queue/messages?destination=mx:gmail.com&state=deferred',
    `/message?id=${ids.waiting}`,
    `/message?id=${ids.delivered}`,
    `/message?id=${ids.hostile}`,
    `/message?id=${ids.forwarded}`,
    `/message?id=${atSrs.queueId}`,
    '/node?name=srs-01.example.org',
    '/node?name=submission-01.example.org',
    '/node?name=mta-01.example.org',
    '/search',
    '/search?q=kim%40gmail.com',
    '/search?since=2026-01-01',
    '/checks',
    '/destinations?minutes=1440',
    '/accounts',
    '/directory?diff=ldap&from=40&to=41',
    '/certificates',
    `/act?action=bounce&id=${ids.waiting}`,
  ]
}

describe('the views', () => {
  it('are answered, name nothing of other hosts, and hold no text of strangers as markup', async () => {
    const sample = await start()
    for (const path of views(sample)) {
      const { status, body, headers } = await ask(sample, { path })
      expect([path, status]).toEqual([path, 200])
      expect(headers).toMatchObject({
        'cache-control': 'no-store',
        'x-frame-options': 'DENY',
        'content-security-policy': expect.stringMatching(/^default-src 'none'; style-src 'self'; script-src 'self';/),
      })
      // oxlint-disable-next-line no-control-regex -- control characters are what must be missing
      expect(body).not.toMatch(/<script>|<img|\son\w+="|style="|https?:\/\/(?!ldap)|\u202e|\u0007|\u001b/)
      expect(body.match(/<script\b/g)).toHaveLength(1)
    }
    expect(sample.bugs).toEqual([])
  })

  it('show what waits, why, and what became of mail', async () => {
    const sample = await start()
    const queue = (await ask(sample, { path: '/queue' })).body
    expect(queue).toMatch(
      /mx:down\.example[^]*unreachable[^]*mx:partner\.example[^]*suspended[^]*they move their servers/,
    )
    const waiting = (await ask(sample, { path: `/message?id=${sample.ids.waiting}` })).body
    expect(waiting).toMatch(
      /board@example\.org[^]*lee@gmail\.com[^]*deferred[^]*unusual rate[^]*back-off after 1 attempt/,
    )
    const found = (await ask(sample, { path: '/search?q=gone%40example.net' })).body
    expect(found).toMatch(/1 result[^]*failed/)
    expect((await ask(sample, { path: '/destinations' })).body).toMatch(
      /<bdi class="whole">google<[^]*verified[^]*<bdi class="whole">microsoft</,
    )
    expect((await ask(sample, { path: '/checks' })).body).toContain('is listed by')
  })

  it('show a message of the search in its path, and refuse what is no queue ID', async () => {
    const sample = await start()
    const found = await ask(sample, { path: `/search?q=${sample.ids.waiting}` })
    expect([found.status, found.headers['location']]).toEqual([303, `/message?id=${sample.ids.waiting}`])
    expect((await ask(sample, { path: '/message?id=%3Cscript%3E' })).status).toBe(404)
    expect((await ask(sample, { path: '/message?id=F99999999999Z' })).status).toBe(404)
    expect((await ask(sample, { path: '/search?since=yesterday' })).body).toContain('not understood')
  })

  it('hide addresses and clients as the log does', async () => {
    const sample = await start({ privacy: { addresses: 'hash', ips: 'drop' } })
    for (const path of views(sample).filter((one) => !one.includes('kim%40'))) {
      const { body } = await ask(sample, { path })
      expect([path, /(?:kim|lee|ann|bill|board)@/.exec(body)?.[0] ?? null]).toEqual([path, null])
      expect([path, body.includes('203.0.113.5')]).toEqual([path, false])
    }
  })

  it('are bugs of the page only, and a slow one is said to be slow', async () => {
    const sample = await start()
    Object.assign(sample.ports.queue, { waits: () => Promise.reject(new Error('no')) })
    expect((await ask(sample, { path: '/queue' })).status).toBe(503)
    expect(sample.bugs).toHaveLength(1)
    expect((await ask(sample, { path: '/certificates' })).status).toBe(200)
  })
})

describe('the fleet', () => {
  it('is shown with every node, what needs attention there, and the one that does not answer', async () => {
    const sample = await start()
    const { body } = await ask(sample, { path: '/' })
    expect(body).toMatch(/<h1>1 of 4 nodes does not work or answer/)
    expect(body).toMatch(/Mail for our domains[^]*The internet[^]*mx-01[^]*this node[^]*srs-01[^]*Mailboxes elsewhere/)
    expect(body).toMatch(/Mail of machines[^]*mta-01\.example\.org[^]*no answer[^]*ECONNREFUSED/)
    expect(body).toContain('submission-01.example.org: accounts: user:lee is on hold')
  })

  it('shows a message over the nodes, with what came back, and each event with its node', async () => {
    const sample = await start()
    const { body } = await ask(sample, { path: `/message?id=${sample.ids.forwarded}` })
    expect(body).toMatch(
      /Path over the nodes[^]*The internet[^]*mx-01[^]*srs-01[^]*sender rewritten to[^]*kim@home\.example[^]*failed/,
    )
    expect(body).toMatch(/A notification about it[^]*Written by the node[^]*ann@sender\.example[^]*delivered/)
    expect(body).toContain('The part of <bdi class="whole">mta-01.example.org</bdi> is missing')
    const there = (await ask(sample, { path: `/message?id=${atSrs.queueId}` })).body
    expect(there).toMatch(/not in the queue of this node|not in the queue any more/)
    expect(there).not.toContain('/act?')
  })

  it('is searched where that is permitted, and says where it is not', async () => {
    const sample = await start()
    const { body } = await ask(sample, { path: '/search?q=kim%40home.example' })
    expect(body).toMatch(/2 results at 2 of 4 nodes[^]*srs-01[^]*mx-01/)
    expect(body).toMatch(/These nodes are not searched[^]*submission-01[^]*may not search[^]*mta-01/)
    expect((await ask(sample, { path: '/search?since=2026-01-01' })).body).toContain('srs-01.example.org')
  })

  it('is in the queue and the destinations in sum', async () => {
    const sample = await start()
    expect((await ask(sample, { path: '/queue' })).body).toMatch(/At the other nodes[^]*srs-01[^]*12 for [^]*mx:home/)
    expect((await ask(sample, { path: '/destinations' })).body).toMatch(/in the last hour[^]*srs-01[^]*732[^]*696/)
    expect((await ask(sample, { path: '/node?name=%3Cb%3E' })).status).toBe(404)
  })

  it('is not asked twice by two viewers, and a node that hangs delays no page beyond the limit', async () => {
    let asked = 0
    const hanging = {
      ...sampleSource('srs-01.example.org', { status: null }),
      status: () => new Promise<never>(() => asked++),
    }
    const sample = await start({ fleet: { sources: [hanging] } })
    const pages = await Promise.all(['/', '/', '/queue'].map((path) => ask(sample, { path })))
    for (const { body } of pages) expect(body).toContain('no answer')
    const message = await ask(sample, { path: `/message?id=${sample.ids.waiting}` })
    expect(message.body).toMatch(/The part of [^]*srs-01[^]*is missing: <bdi>no answer for/)
    expect(asked).toBe(1)
  })

  it('of one node is this node', async () => {
    const sample = await start({ fleet: null })
    const { body } = await ask(sample, { path: '/' })
    expect(body).toContain('<h1>The node works, with problems</h1>')
    expect(body).not.toContain('The fleet')
    expect((await ask(sample, { path: '/queue' })).body).not.toContain('other nodes')
  })
})

describe('a request', () => {
  it('needs a Host of this node, so that a name of a stranger cannot lead here', async () => {
    const sample = await start()
    const { status } = await ask(sample, { path: '/', headers: { host: 'rebound.attacker.example' } })
    expect(status).toBe(421)
  })

  it('is refused without the token of its form, from a foreign page, and for another form', async () => {
    const sample = await start()
    const path = `/act?action=hold&id=${sample.ids.waiting}`
    const page = await ask(sample, { path })
    const [cookie, token] = [cookieOf(page), tokenIn(page, '/act')]
    const form = { token, action: 'hold', id: sample.ids.waiting, reason: 'a test' }
    const cases: readonly Asked[] = [
      { path: '/act', headers: { cookie }, form: { ...form, token: '' } },
      { path: '/act', headers: {}, form },
      { path: '/act', headers: { cookie, origin: 'http://attacker.example' }, form },
      { path: '/act', headers: { cookie, 'sec-fetch-site': 'cross-site' }, form },
      { path: '/sign-out', headers: { cookie }, form },
    ]
    for (const one of cases) expect((await ask(sample, one)).status).toBe(403)
    expect((await sample.queue.reader.show(sample.ids.waiting))?.recipients[0]?.state).toBe('deferred')
    expect((await ask(sample, { path: '/act', headers: { cookie }, form })).status).toBe(303)
    expect((await sample.queue.reader.show(sample.ids.waiting))?.recipients[0]?.state).toBe('held')
  })

  it('of another method or with too long a body is refused', async () => {
    const sample = await start()
    expect((await ask(sample, { path: '/', method: 'DELETE' })).status).toBe(405)
    expect((await ask(sample, { path: '/act', form: { reason: 'x'.repeat(17_000) } })).status).toBe(413)
  })
})

describe('an action', () => {
  it('is in the ledger with the name of the operator and the reason', async () => {
    const sample = await start()
    const { waiting } = sample.ids
    const done = await act(sample, `/act?action=hold&id=${waiting}`)
    expect(done.headers['location']).toBe(`/message?id=${waiting}&done=hold&changed=1&later=0`)
    expect((await ask(sample, { path: String(done.headers['location']) })).body).toContain('Hold: done, 1 changed')
    await act(sample, `/act?action=release&id=${waiting}`, { fields: { reason: '' } })
    await act(sample, '/act?action=resume&destination=mx:partner.example')
    const { events } = await sample.queue.reader.trace(waiting)
    expect(events.filter(({ kind }) => kind === 'held' || kind === 'released')).toMatchObject([
      { by: 'local operator', reason: 'a test' },
      { by: 'local operator', reason: '' },
    ])
    expect((await sample.queue.reader.overview()).suspended).toEqual([])
    expect(sample.logged).toContainEqual(expect.objectContaining({ operator: 'local operator', action: 'hold' }))
  })

  it('needs a reason if it stops or returns mail, and one subject', async () => {
    const sample = await start()
    const { waiting } = sample.ids
    expect((await act(sample, `/act?action=bounce&id=${waiting}`, { fields: { reason: ' ' } })).body).toContain(
      'give a reason',
    )
    expect((await act(sample, `/act?action=hold&id=${waiting}`, { fields: { reason: 'x'.repeat(301) } })).status).toBe(
      422,
    )
    expect((await ask(sample, { path: '/act?action=hold&destination=*' })).status).toBe(400)
    expect((await ask(sample, { path: '/act?action=remove&id=x' })).status).toBe(400)
    expect((await ask(sample, { path: '/act?action=ban&kind=address&value=0.0.0.0/0' })).status).toBe(400)
    expect((await act(sample, '/act?action=ban&value=192.0.2.1', { fields: { for: '900d' } })).status).toBe(422)
    expect((await act(sample, '/act?action=ban&value=192.0.2.1', { fields: { for: '1d' } })).status).toBe(303)
    expect((await act(sample, '/act?action=account-hold&account=kim')).status).toBe(303)
  })

  it('is not for operators who may look only', async () => {
    const sample = await start({ login: { operators: 'list' }, operators })
    const { cookie } = await signedIn(sample, 'of ben')
    const path = `/act?action=hold&id=${sample.ids.waiting}`
    expect((await ask(sample, { path, headers: { cookie } })).status).toBe(403)
    const message = await ask(sample, { path: `/message?id=${sample.ids.waiting}`, headers: { cookie } })
    expect([message.status, message.body.includes('/act?')]).toEqual([200, false])
  })
})

describe('the login', () => {
  it('shows nothing before it, and ends with its line in the list', async () => {
    let list = operators
    const sample = await start({
      login: { operators: 'list' },
      get operators() {
        return list
      },
    })
    for (const path of views(sample)) {
      const { body, status } = await ask(sample, { path })
      expect([path, status, body.includes('gmail')]).toEqual([path, 200, false])
      expect(body).toContain('action="/sign-in"')
    }
    const { cookie, shown } = await signedIn(sample)
    expect([shown.status, shown.headers['location']]).toEqual([303, '/'])
    expect((await ask(sample, { path: '/', headers: { cookie } })).body).toContain('anna')
    list = operators.split('\n').slice(1).join('\n')
    expect((await ask(sample, { path: '/', headers: { cookie } })).body).toContain('action="/sign-in"')
    list = 'a line that is none'
    expect((await ask(sample, { path: '/', headers: { cookie } })).status).toBe(503)
  })

  it('ends with the sign-out', async () => {
    const sample = await start({ login: { operators: 'list' }, operators })
    const { cookie } = await signedIn(sample)
    const page = await ask(sample, { path: '/', headers: { cookie } })
    await ask(sample, { path: '/sign-out', headers: { cookie }, form: { token: tokenIn(page, '/sign-out') } })
    expect((await ask(sample, { path: '/', headers: { cookie } })).body).toContain('action="/sign-in"')
  })

  it('refuses wrong tokens, and every token of a client after too many of them', async () => {
    const sample = await start({ login: { operators: 'list' }, operators })
    const statuses = new Set<number>()
    for (let guess = 0; guess < 25; guess++) statuses.add((await signedIn(sample, `guess ${guess}`)).shown.status)
    expect(statuses).toEqual(new Set([403, 429]))
    expect((await signedIn(sample)).shown.status).toBe(429)
  })

  it('believes the header of a proxy only from its addresses', async () => {
    const login = { proxy: { header: 'X-Remote-User', isProxy: (ip: string | null) => ip === '127.0.0.1' } }
    const [trusted, other] = [
      await start({ login }),
      await start({ login: { proxy: { ...login.proxy, isProxy: () => false } } }),
    ]
    const headers = { 'x-remote-user': 'carla' }
    expect((await ask(trusted, { path: '/', headers })).body).toContain('carla, may act')
    expect((await ask(trusted, { path: '/' })).status).toBe(403)
    expect((await ask(trusted, { path: '/', headers: { 'x-remote-user': hostileText.slice(0, 20) } })).status).toBe(403)
    expect((await ask(other, { path: '/', headers })).status).toBe(403)
  })
})
