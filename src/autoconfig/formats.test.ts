// What programs of others read of these files: test/peers/autoconfig.test.ts.

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { outgoingOnly, sampleService } from '../../test/lib/sample-mail-service.ts'
import { appleProfile } from './apple-profile.ts'
import { autodiscoverJson, outlookError, outlookSettings, requestedAddress } from './autodiscover.ts'
import { type PersonAddress, personOf } from './mail-service.ts'
import { escapeMarkup } from '../lib/escape-markup.ts'
import { mozillaConfig } from './mozilla-config.ts'
import { serviceRecords } from './service-records.ts'
import { settingsPage } from './settings-page.ts'

const kim = personOf('Kim@Example.ORG', sampleService) as PersonAddress

describe('an address', () => {
  it('is of the service by its domain alone, and keeps its local part', () => {
    expect(kim).toEqual({ address: 'Kim@example.org', local: 'Kim', domain: 'example.org' })
    expect(personOf('a+b@example.net', sampleService)?.local).toBe('a+b')
  })

  it.each([
    'kim',
    'kim@',
    '@example.org',
    'kim@other.example',
    '"a b"@example.org',
    'a b@example.org',
    'x'.repeat(250) + '@example.org',
  ])('is not %s', (text) => expect(personOf(text, sampleService)).toBeNull())
})

describe('the file of Thunderbird', () => {
  it('names all servers in their order, with placeholders for the user', () => {
    expect(mozillaConfig(sampleService, 'example.net')).toBe(`<?xml version="1.0" encoding="UTF-8"?>
<clientConfig version="1.1">
  <emailProvider id="example.net">
    <domain>example.net</domain>
    <displayName>Tips &amp; &lt;Co&gt;</displayName>
    <displayShortName>Tips &amp; &lt;Co&gt;</displayShortName>
    <incomingServer type="imap">
      <hostname>imap.provider.example</hostname>
      <port>993</port>
      <socketType>SSL</socketType>
      <authentication>password-cleartext</authentication>
      <username>%EMAILADDRESS%</username>
    </incomingServer>
    <outgoingServer type="smtp">
      <hostname>smtp.example.org</hostname>
      <port>465</port>
      <socketType>SSL</socketType>
      <authentication>password-cleartext</authentication>
      <username>%EMAILLOCALPART%</username>
    </outgoingServer>
    <outgoingServer type="smtp">
      <hostname>smtp.example.org</hostname>
      <port>587</port>
      <socketType>STARTTLS</socketType>
      <authentication>password-cleartext</authentication>
      <username>%EMAILLOCALPART%</username>
    </outgoingServer>
    <documentation url="https://example.org/mail?a=1&amp;b=2">
      <descr lang="en">Mail of Tips &amp; &lt;Co&gt;</descr>
    </documentation>
  </emailProvider>
</clientConfig>
`)
  })

  it('has no incoming server where there is none', () => {
    const text = mozillaConfig(outgoingOnly, 'example.org')
    expect(text).not.toContain('incomingServer')
    expect(text).toContain('<username>%EMAILADDRESS%</username>')
  })
})

describe('Autodiscover', () => {
  const request = (address: string) =>
    `<?xml version="1.0"?><Autodiscover xmlns="…/requestschema/2006"><Request><EMailAddress>${address}</EMailAddress></Request></Autodiscover>`

  it('reads the address of a request, with or without a prefix', () => {
    expect(requestedAddress(request('kim@example.org'))).toBe('kim@example.org')
    expect(requestedAddress('<a:EMailAddress a="b">\n kim@example.org </a:EMailAddress>')).toBe('kim@example.org')
    expect(requestedAddress('<EMailAddress></EMailAddress>')).toBeNull()
    expect(requestedAddress('EMailAddress=kim@example.org')).toBeNull()
  })

  it('takes the same time for a hostile request', () => {
    expect(requestedAddress(`${'<EMailAddress '.repeat(1000)}${' '.repeat(16_000)}`)).toBeNull()
  })

  it('gives the settings of the person', () => {
    const text = outlookSettings(sampleService, kim)
    expect(text).toContain('<Type>IMAP</Type>')
    expect(text).toContain('<LoginName>Kim@example.org</LoginName>')
    expect(text).toContain('<LoginName>Kim</LoginName>')
    expect(text.match(/<Type>SMTP<\/Type>/g)).toHaveLength(1)
    expect(text).toContain('<Port>465</Port>')
    expect(text).toContain('<Encryption>SSL</Encryption>')
    expect(outlookSettings(outgoingOnly, kim)).not.toContain('IMAP')
  })

  it('answers a request without an address of the service with an error', () => {
    const text = outlookError(new Date('2026-11-29T12:34:56.789Z'))
    expect(text).toContain('<Error Time="12:34:56.789" Id="0">')
    expect(text).toContain('<ErrorCode>600</ErrorCode>')
  })

  it('leads from JSON to XML, and names what it does not know', () => {
    const { status, text } = autodiscoverJson('AutoDiscoverV1', 'smtp.example.org')
    expect(status).toBe(200)
    expect(JSON.parse(text)).toEqual({
      Protocol: 'AutodiscoverV1',
      Url: 'https://smtp.example.org/autodiscover/autodiscover.xml',
    })
    expect(autodiscoverJson('ActiveSync', 'x')).toMatchObject({
      status: 400,
      text: expect.stringContaining('InvalidProtocol'),
    })
    expect(autodiscoverJson(null, 'x').text).toContain('MandatoryParameterMissing')
  })
})

describe('the profile of Apple', () => {
  it('is the same for the same person, so that a new one replaces it', () => {
    const text = appleProfile(sampleService, kim)
    expect(text).toBe(appleProfile(sampleService, kim))
    expect(text?.match(/[0-9A-F]{8}-[0-9A-F]{4}-8[0-9A-F]{3}-[89AB][0-9A-F]{3}-[0-9A-F]{12}/g)).toHaveLength(2)
    expect(text).not.toBe(appleProfile(sampleService, { ...kim, address: 'lee@example.org' }))
  })

  it('needs an incoming server', () => expect(appleProfile(outgoingOnly, kim)).toBeNull())
})

describe('the records', () => {
  it('name the servers, say which kinds do not exist, and where the HTTPS service is', () => {
    const only = { ...sampleService, domains: ['example.org'] as [string] }
    expect(serviceRecords(only, 'smtp.example.org')).toEqual([
      '_submissions._tcp.example.org. IN SRV 0 1 465 smtp.example.org.',
      '_submission._tcp.example.org. IN SRV 1 1 587 smtp.example.org.',
      '_imaps._tcp.example.org. IN SRV 0 1 993 imap.provider.example.',
      '_imap._tcp.example.org. IN SRV 0 0 0 .',
      '_pop3s._tcp.example.org. IN SRV 0 0 0 .',
      '_pop3._tcp.example.org. IN SRV 0 0 0 .',
      'autoconfig.example.org. IN CNAME smtp.example.org.',
      'autodiscover.example.org. IN CNAME smtp.example.org.',
      '_autodiscover._tcp.example.org. IN SRV 0 1 443 smtp.example.org.',
    ])
  })

  it('give no alias to the name of the host itself', () => {
    expect(serviceRecords(outgoingOnly, 'autoconfig.example.org').join('\n')).not.toContain(
      'autoconfig.example.org. IN CNAME',
    )
    expect(serviceRecords(outgoingOnly, null)).toHaveLength(12)
  })
})

describe('text of strangers', () => {
  it('cannot become markup', () => {
    expect(escapeMarkup('<a href="x">\'&\0\uD800')).toBe('&lt;a href=&quot;x&quot;&gt;&#39;&amp;\uFFFD')
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        const page = settingsPage({ ...outgoingOnly, name: `<${text}>` }, null)
        expect(page.match(/<script|<img/g)).toBeNull()
        expect(page.split('<h1>')[1]?.split('</h1>')[0]).not.toMatch(/[<>]/)
      }),
    )
  })
})
