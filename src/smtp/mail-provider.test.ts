import { describe, expect, test } from 'vitest'
import { mailProviders, providerOfDomain, providerOfHost } from './mail-provider.ts'

describe('the provider of a host', () => {
  test.each([
    ['gmail-smtp-in.l.google.com[142.250.0.26]:25', 'google'],
    ['ASPMX.L.GOOGLE.COM.', 'google'],
    ['example-org.mail.protection.outlook.com', 'microsoft'],
    ['example-org.a-v1.mx.microsoft', 'microsoft'],
    ['mta5.am0.yahoodns.net', 'yahoo'],
    ['mx01.mail.icloud.com', 'apple'],
    ['mx00.t-online.de', 't-online'],
    ['mx00.emig.gmx.net', 'gmx'],
    ['mx-ha02.web.de', 'webde'],
    ['mx00.kundenserver.de', 'ionos'],
    ['mail.protonmail.ch', 'proton'],
    ['in1-smtp.messagingengine.com', 'fastmail'],
    ['mail.example.net[192.0.2.1]:25', 'other'],
    ['[192.0.2.1]:25', 'other'],
    ['', 'other'],
  ])('%s is %s', (host, provider) => expect(providerOfHost(host)).toBe(provider))

  test('is no matter of a name that only begins or ends alike', () => {
    expect(providerOfHost('google.com.stranger.example')).toBe('other')
    expect(providerOfHost('notgoogle.com')).toBe('other')
  })
})

test('the provider of a domain is known for the domains of the provider only', () => {
  expect(providerOfDomain('GMail.com')).toBe('google')
  expect(providerOfDomain('gmx.de')).toBe('gmx')
  expect(providerOfDomain('sub.gmail.com')).toBe('other')
  expect(providerOfDomain('example.net')).toBe('other')
})

test('each is one word for a label, and no suffix has two', () => {
  expect(mailProviders.filter((one) => !/^[a-z0-9-]{1,16}$/.test(one))).toEqual([])
  expect(mailProviders.at(-1)).toBe('other')
  expect(mailProviders.length).toBeLessThan(32)
})
