// The configuration profile of iOS, iPadOS and macOS (payload com.apple.mail.managed). Apple's programs accept no account without an
// incoming server, so that there is a profile only if the operator has configured one.

import { createHash } from 'node:crypto'
import { element, type Markup, xmlDocument } from './markup.ts'
import { loginOf, type MailService, type PersonAddress } from './mail-service.ts'

const DOCTYPE = '<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">'

type Value = string | number | boolean | readonly Dictionary[]
type Dictionary = Readonly<Record<string, Value>>

/** The profile of one person, unsigned; null if the service has no incoming server. The device asks for the password. */
export function appleProfile(service: MailService, person: PersonAddress): string | null {
  const { incoming, name } = service
  if (incoming === null) return null
  // RFC 8314 3.3 prefers TLS from the first octet, and this payload has no key for STARTTLS: the device tries it by itself.
  const [outgoing] = service.outgoing
  const id = `${person.domain.split('.').toReversed().join('.')}.mail`
  const account: Dictionary = {
    PayloadType: 'com.apple.mail.managed',
    PayloadVersion: 1,
    PayloadIdentifier: `${id}.account`,
    PayloadUUID: stableUuid(`account ${person.address}`),
    PayloadDisplayName: name,
    EmailAccountDescription: name,
    EmailAccountType: incoming.protocol === 'imap' ? 'EmailTypeIMAP' : 'EmailTypePOP',
    EmailAddress: person.address,
    IncomingMailServerAuthentication: 'EmailAuthPassword',
    IncomingMailServerHostName: incoming.host,
    IncomingMailServerPortNumber: incoming.port,
    IncomingMailServerUseSSL: true,
    IncomingMailServerUsername: loginOf(person, incoming.login),
    OutgoingMailServerAuthentication: 'EmailAuthPassword',
    OutgoingMailServerHostName: outgoing.host,
    OutgoingMailServerPortNumber: outgoing.port,
    OutgoingMailServerUseSSL: true,
    OutgoingMailServerUsername: loginOf(person, service.login),
    // The mailboxes are not here, so their password is another one.
    OutgoingPasswordSameAsIncomingPassword: false,
  }
  const profile: Dictionary = {
    PayloadType: 'Configuration',
    PayloadVersion: 1,
    PayloadIdentifier: id,
    PayloadUUID: stableUuid(`profile ${person.address}`),
    PayloadDisplayName: `${name}: ${person.address}`,
    PayloadDescription: `Sets up the mail account ${person.address}.`,
    PayloadOrganization: name,
    PayloadRemovalDisallowed: false,
    PayloadContent: [account],
  }
  return xmlDocument(element('plist', [dictionary(profile)], { version: '1.0' }), DOCTYPE)
}

function dictionary(entries: Dictionary): Markup {
  return element(
    'dict',
    Object.entries(entries).flatMap(([key, value]) => [element('key', key), valueOf(value)]),
  )
}

function valueOf(value: Value): Markup {
  if (typeof value === 'string') return element('string', value)
  if (typeof value === 'number') return element('integer', value)
  if (typeof value === 'boolean') return { xml: `<${value}/>` }
  return element('array', value.map(dictionary))
}

/** The same for the same text, so that a new profile replaces an old one (RFC 9562 5.8). */
function stableUuid(text: string): string {
  const octets = createHash('sha256').update(text).digest().subarray(0, 16)
  octets[6] = ((octets[6] as number) & 0x0f) | 0x80
  octets[8] = ((octets[8] as number) & 0x3f) | 0x80
  const hex = octets.toString('hex').toUpperCase()
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-')
}
