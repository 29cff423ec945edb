// Autodiscover of Microsoft for programs without Exchange: the XML answer (MS-OXDSCLI, "POX") with POP, IMAP and SMTP settings, and the JSON
// answer ("v2") that leads to it.

import { element, type Markup, xmlDocument } from './markup.ts'
import { loginOf, type MailServer, type MailService, type PersonAddress } from './mail-service.ts'

const RESPONSE = 'http://schemas.microsoft.com/exchange/autodiscover/responseschema/2006'
const OUTLOOK = 'http://schemas.microsoft.com/exchange/autodiscover/outlook/responseschema/2006a'
/** MS-OXDSCLI 2.2.4.1.1.2.3: the request is malformed, or the address is not of the service. */
const INVALID_REQUEST = '600'

/** The address in a request. It is read without an XML parser: the request of a stranger must not cost more than this. */
export function requestedAddress(body: string): string | null {
  const match = /<(?:\w{1,20}:)?EMailAddress(?:\s[^>]{0,200})?>\s*([^<\s]{1,254})\s*</i.exec(body)
  return match?.[1] ?? null
}

/** The answer for one person. */
export function outlookSettings(service: MailService, person: PersonAddress): string {
  const { incoming, outgoing, login } = service
  const protocols = [
    ...(incoming
      ? [protocol(incoming.protocol === 'imap' ? 'IMAP' : 'POP3', incoming, loginOf(person, incoming.login))]
      : []),
    // Outlook reads only the first entry of a type.
    protocol('SMTP', outgoing[0], loginOf(person, login)),
  ]
  const account = [element('AccountType', 'email'), element('Action', 'settings'), ...protocols]
  return answer([element('User', [element('DisplayName', person.address)]), element('Account', account)], OUTLOOK)
}

/** The answer to a request that names no address of the service. */
export function outlookError(at: Date): string {
  const parts = [element('ErrorCode', INVALID_REQUEST), element('Message', 'Invalid Request'), element('DebugData', [])]
  return answer([element('Error', parts, { Time: at.toISOString().slice(11, 23), Id: '0' })], RESPONSE)
}

function answer(content: readonly Markup[], namespace: string): string {
  return xmlDocument(element('Autodiscover', [element('Response', content, { xmlns: namespace })], { xmlns: RESPONSE }))
}

function protocol(type: 'IMAP' | 'POP3' | 'SMTP', { host, port, tls }: MailServer, login: string): Markup {
  return element('Protocol', [
    element('Type', type),
    element('Server', host),
    element('Port', port),
    element('DomainRequired', 'off'),
    element('LoginName', login),
    element('SPA', 'off'),
    element('SSL', 'on'),
    // SSL: from the first octet; TLS: STARTTLS.
    element('Encryption', tls === 'implicit' ? 'SSL' : 'TLS'),
    element('AuthRequired', 'on'),
    ...(type === 'SMTP' ? [element('UsePOPAuth', 'off'), element('SMTPLast', 'off')] : []),
  ])
}

export interface JsonAnswer {
  readonly status: 200 | 400
  /** JSON. */
  readonly text: string
}

/** @param protocolName of the query; `host` is where the XML answer is */
export function autodiscoverJson(protocolName: string | null, host: string): JsonAnswer {
  if (protocolName?.toLowerCase() === 'autodiscoverv1') {
    const answer = { Protocol: 'AutodiscoverV1', Url: `https://${host}/autodiscover/autodiscover.xml` }
    return { status: 200, text: JSON.stringify(answer) }
  }
  const error =
    protocolName === null
      ? { ErrorCode: 'MandatoryParameterMissing', ErrorMessage: 'The parameter Protocol is missing.' }
      : { ErrorCode: 'InvalidProtocol', ErrorMessage: 'The protocol is not supported; AutodiscoverV1 is.' }
  return { status: 400, text: JSON.stringify(error) }
}
