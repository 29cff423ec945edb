// What mail programs need to know about the service: where people send mail, and where they read it, if the operator knows.

/** `implicit`: TLS from the first octet (RFC 8314 3.3); `starttls`: RFC 3207. */
export type MailTls = 'implicit' | 'starttls'

export interface MailServer {
  readonly host: string
  readonly port: number
  readonly tls: MailTls
}

export interface IncomingServer extends MailServer {
  readonly protocol: 'imap' | 'pop3'
  /** The user name there: the address, or its local part. */
  readonly login: LoginName
}

export type LoginName = 'address' | 'local-part'

export interface MailService {
  /** What people call the service. */
  readonly name: string
  /** The domains of the addresses, the main one first. */
  readonly domains: readonly [string, ...string[]]
  /** For outgoing mail, the preferred one first. */
  readonly outgoing: readonly [MailServer, ...MailServer[]]
  /** The user name for outgoing mail. */
  readonly login: LoginName
  /** Null: this organisation has no mailboxes, and people read their mail elsewhere. */
  readonly incoming: IncomingServer | null
  /** A page for people; null if there is none. */
  readonly help: string | null
}

/** An address of a person in a domain of the service. */
export interface PersonAddress {
  readonly address: string
  readonly local: string
  readonly domain: string
}

/** Longest address (RFC 5321 4.5.3.1.3). */
const MAX_ADDRESS = 254
/** What mail programs send: no quotes, no spaces, nothing that needs an escape in a file name. */
const plainAddress = /^([\p{L}\p{N}.!#$%&'*+/=?^_`{|}~-]+)@([\p{L}\p{N}.-]+)$/u

/** Reads an address that a stranger gives; null for one that is malformed or not of the service. Whether it exists is not known here. */
export function personOf(text: string, service: Pick<MailService, 'domains'>): PersonAddress | null {
  if (text.length > MAX_ADDRESS) return null
  const match = plainAddress.exec(text.trim())
  if (!match) return null
  const [local, domain] = [match[1] as string, (match[2] as string).toLowerCase()]
  return service.domains.includes(domain) ? { address: `${local}@${domain}`, local, domain } : null
}

/** The user name that this person enters. */
export function loginOf(person: PersonAddress, login: LoginName): string {
  return login === 'address' ? person.address : person.local
}
