// The file of Thunderbird and others: config-v1.1.xml (draft-bucksch-autoconfig). Without `incoming` it has an outgoing server only:
// Thunderbird then asks for the incoming one, and other programs take what there is.

import { element, type Markup, xmlDocument } from './markup.ts'
import type { LoginName, MailServer, MailService } from './mail-service.ts'

/** The program replaces these by parts of the address that the person enters. */
const placeholders: Readonly<Record<LoginName, string>> = {
  address: '%EMAILADDRESS%',
  'local-part': '%EMAILLOCALPART%',
}

/** The document for all addresses of the domain. */
export function mozillaConfig(service: MailService, domain: string): string {
  const { name, incoming, outgoing, login, help } = service
  const provider = [
    element('domain', domain),
    element('displayName', name),
    element('displayShortName', name),
    ...(incoming
      ? [element('incomingServer', serverParts(incoming, incoming.login), { type: incoming.protocol })]
      : []),
    ...outgoing.map((server) => element('outgoingServer', serverParts(server, login), { type: 'smtp' })),
    ...(help === null
      ? []
      : [element('documentation', [element('descr', `Mail of ${name}`, { lang: 'en' })], { url: help })]),
  ]
  return xmlDocument(element('clientConfig', [element('emailProvider', provider, { id: domain })], { version: '1.1' }))
}

function serverParts({ host, port, tls }: MailServer, login: LoginName): readonly Markup[] {
  return [
    element('hostname', host),
    element('port', port),
    element('socketType', tls === 'implicit' ? 'SSL' : 'STARTTLS'),
    element('authentication', 'password-cleartext'),
    element('username', placeholders[login]),
  ]
}
