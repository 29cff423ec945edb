import { describe, expect, it } from 'vitest'
import { outgoingOnly, sampleService } from '../../test/lib/sample-mail-service.ts'
import { type AnswerParts, answerRequest, type ClientRequest } from './answer-request.ts'

const parts: AnswerParts = {
  service: sampleService,
  sign: async (profile) => Buffer.from(`signed ${profile}`),
  httpsHost: 'smtp.example.org',
  now: () => 0,
}
const ask = (url: string, change: Partial<ClientRequest> = {}, other: Partial<AnswerParts> = {}) =>
  answerRequest({ ...parts, ...other }, { method: 'GET', url, host: 'autoconfig.example.org', body: '', ...change })

describe('the file of Thunderbird', () => {
  it.each([
    ['/mail/config-v1.1.xml?emailaddress=kim%40example.net', 'autoconfig.example.org', 'example.net'],
    ['/mail/config-v1.1.xml', 'autoconfig.example.net', 'example.net'],
    ['/.well-known/autoconfig/mail/config-v1.1.xml', 'example.net', 'example.net'],
    ['/mail/config-v1.1.xml', 'smtp.example.org', 'example.org'],
  ])('%s at %s is for %s', async (url, host, domain) => {
    const page = await ask(url, { host })
    expect(page).toMatchObject({ status: 200, contentType: 'text/xml; charset=utf-8' })
    expect(page.content).toContain(`<domain>${domain}</domain>`)
  })

  it.each([
    ['/mail/config-v1.1.xml?emailaddress=kim@other.example', 'autoconfig.example.org'],
    ['/mail/config-v1.1.xml', 'autoconfig.other.example'],
  ])('%s at %s does not exist', async (url, host) => {
    expect((await ask(url, { host })).status).toBe(404)
  })

  it('is the same for addresses that exist and others', async () => {
    const one = await ask('/mail/config-v1.1.xml?emailaddress=kim@example.org')
    expect(await ask('/mail/config-v1.1.xml?emailaddress=nobody@example.org')).toEqual(one)
  })
})

describe('Autodiscover', () => {
  const body = '<EMailAddress>kim@example.org</EMailAddress>'

  it.each(['/autodiscover/autodiscover.xml', '/Autodiscover/Autodiscover.xml', '/AutoDiscover/AutoDiscover.xml?x=1'])(
    'answers at %s',
    async (url) => {
      const page = await ask(url, { method: 'POST', body })
      expect(page.content).toContain('<LoginName>kim</LoginName>')
    },
  )

  it.each(['', '<EMailAddress>kim@other.example</EMailAddress>', '<EMailAddress>'])(
    'has an error for %j',
    async (text) => {
      const page = await ask('/autodiscover/autodiscover.xml', { method: 'POST', body: text })
      expect(page.content).toContain('<ErrorCode>600</ErrorCode>')
    },
  )

  it.each([
    '/autodiscover/autodiscover.json?Email=kim@example.org&Protocol=AutodiscoverV1',
    '/autodiscover/autodiscover.json/v1.0/kim@example.org?Protocol=AutodiscoverV1',
  ])('answers %s with the address of the XML', async (url) => {
    const page = await ask(url)
    expect(JSON.parse(String(page.content))).toEqual({
      Protocol: 'AutodiscoverV1',
      Url: 'https://smtp.example.org/autodiscover/autodiscover.xml',
    })
  })
})

describe('the profile', () => {
  it('is signed, and a download', async () => {
    const page = await ask('/profile?address=kim@example.org')
    expect(page).toMatchObject({
      contentType: 'application/x-apple-aspen-config',
      headers: { 'content-disposition': 'attachment; filename="mail.mobileconfig"' },
    })
    expect(String(page.content)).toMatch(/^signed <\?xml/)
    expect(String((await ask('/profile?address=kim@example.org', {}, { sign: null })).content)).toMatch(/^<\?xml/)
  })

  it('does not exist for another domain, nor without an incoming server', async () => {
    expect((await ask('/profile?address=kim@other.example')).status).toBe(404)
    expect((await ask('/profile')).status).toBe(404)
    const page = await ask('/profile?address=kim@example.org', {}, { service: outgoingOnly })
    expect(page).toMatchObject({
      status: 404,
      content: expect.stringContaining('Apple programs need an incoming server'),
    })
  })
})

describe('the page for people', () => {
  it('says that there are no mailboxes, and loads nothing', async () => {
    const page = await ask('/?emailaddress=kim@example.org', {}, { service: outgoingOnly })
    expect(page.content).toContain('There are no mailboxes here')
    expect(page.content).toContain('<td>kim@example.org</td>')
    expect(page.content).not.toMatch(/<script|src=|url\(/)
    expect(page.headers?.['content-security-policy']).toContain("default-src 'none'")
  })

  it('does not show an address of another domain', async () => {
    const page = await ask('/?address=%3Cscript%3E@evil.example')
    expect(page.content).not.toContain('evil')
  })
})

it.each([
  ['GET', '/nowhere', 404],
  ['POST', '/mail/config-v1.1.xml', 405],
  ['GET', '/autodiscover/autodiscover.xml', 405],
  ['DELETE', '/', 405],
  ['GET', '//', 400],
  ['GET', 'http://[', 400],
])('%s %s is %i', async (method, url, status) => {
  expect((await ask(url, { method })).status).toBe(status)
})
