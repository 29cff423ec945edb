// The mail of the benchmark `mx`: signed messages of 200 domains with SPF, DKIM and DMARC records, and the DNS zones that prove them.

import { generateKeyPair, generateKeyPairSync, type KeyObject } from 'node:crypto'
import { promisify } from 'node:util'
import { dkimSign } from 'mailauth/lib/dkim/sign.js'

export interface BenchMessage {
  readonly sender: string
  readonly recipient: string
  /** With the final dot, ready for DATA. */
  readonly data: string
}

/** One domain; its client sends only its own mail. */
export interface BenchSender {
  readonly domain: string
  /** An address for benchmarks (RFC 2544), each in a separate network, which the client claims with the PROXY protocol. */
  readonly address: string
  readonly helo: string
  readonly messages: readonly BenchMessage[]
}

export interface BenchMail {
  readonly senders: readonly BenchSender[]
  /** Records of each zone, for the name servers. */
  readonly zones: Readonly<Record<string, string>>
}

export const OWN_DOMAIN = 'own.example'
export const ALIASES = 200
const DOMAINS = 200
const MESSAGES_PER_DOMAIN = 10
/** Every tenth domain signs with Ed25519 (RFC 8463) too. Verifiers without it use the RSA signature. */
const ED25519_EVERY = 10
const BODY_OCTETS = 3 * 1024
/** One character string of a TXT record (RFC 1035 3.3.14). */
const STRING_OCTETS = 255

interface SigningKey {
  readonly selector: string
  readonly privateKey: KeyObject
  readonly record: string
}

/** Creates keys and signs all messages; takes some 20 s. */
export async function prepareMail(now = new Date()): Promise<BenchMail> {
  const prepared = await Promise.all(Array.from({ length: DOMAINS }, (_, index) => prepareSender(index, now)))
  const records = prepared.map(({ sender, keys }) => recordsOf(sender, keys))
  const pointers = prepared.map(({ sender }) => `${pointerLabels(sender.address)} PTR ${sender.helo}.`)
  return {
    senders: prepared.map(({ sender }) => sender),
    zones: { example: records.join('\n'), '18.198.in-addr.arpa': pointers.join('\n') },
  }
}

/** The name of an address below 18.198.in-addr.arpa. */
function pointerLabels(address: string): string {
  return address.split('.').slice(2).toReversed().join('.')
}

async function prepareSender(index: number, now: Date) {
  const domain = `sender-${index + 1}.example`
  const rsa = await promisify(generateKeyPair)('rsa', { modulusLength: 2048 })
  const der = rsa.publicKey.export({ type: 'spki', format: 'der' }).toString('base64')
  const keys: SigningKey[] = [
    { selector: 'rsa', privateKey: rsa.privateKey, record: `v=DKIM1; k=rsa; p=${der}` },
    ...(index % ED25519_EVERY === 0 ? [ed25519Key()] : []),
  ]
  const messages: BenchMessage[] = []
  for (let number = 0; number < MESSAGES_PER_DOMAIN; number++)
    messages.push(await signedMessage({ domain, keys, number: index * MESSAGES_PER_DOMAIN + number, now }))
  const sender = { domain, address: `198.18.${index + 1}.25`, helo: `mail.${domain}`, messages }
  return { sender, keys }
}

function ed25519Key(): SigningKey {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519')
  const raw = Buffer.from(publicKey.export({ format: 'jwk' }).x as string, 'base64url').toString('base64')
  return { selector: 'ed', privateKey, record: `v=DKIM1; k=ed25519; p=${raw}` }
}

async function signedMessage(made: {
  readonly domain: string
  readonly keys: readonly SigningKey[]
  readonly number: number
  readonly now: Date
}): Promise<BenchMessage> {
  const { domain, keys, number, now } = made
  const sender = `ann@${domain}`
  const recipient = `user-${(number % ALIASES) + 1}@${OWN_DOMAIN}`
  const message = messageText({ domain, sender, recipient, number, now })
  let fields = ''
  for (const { selector, privateKey } of keys) {
    const pem = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()
    const algorithm = `${privateKey.asymmetricKeyType}-sha256`
    const options = { signingDomain: domain, selector, privateKey: pem, algorithm, canonicalization: 'relaxed/relaxed' }
    // The type of mailauth asks for the options of one signature at the top level; the code reads the list.
    const signed = await dkimSign(Buffer.from(message), { ...options, signTime: now, signatureData: [options] })
    if (signed.errors.length > 0 || signed.signatures === '') throw new Error(`mail of ${domain} could not be signed`)
    fields += signed.signatures
  }
  return { sender, recipient, data: `${fields}${message}.\r\n` }
}

function messageText(made: {
  readonly domain: string
  readonly sender: string
  readonly recipient: string
  readonly number: number
  readonly now: Date
}): string {
  const { domain, sender, recipient, number, now } = made
  const date = now.toUTCString().replace('GMT', '+0000')
  const line = `Line of message ${number} with words that a person could have written to another one.`
  const body = `${line}\r\n`.repeat(Math.ceil(BODY_OCTETS / (line.length + 2)))
  return [
    `Received: from desk.${domain} (desk.${domain} [192.0.2.250]) by mail.${domain} with ESMTPSA id ${number}; ${date}`,
    `From: Ann Sender <${sender}>`,
    `To: <${recipient}>`,
    `Subject: The report number ${number}`,
    `Date: ${date}`,
    `Message-ID: <${number}.report@${domain}>`,
    'MIME-Version: 1.0',
    'Content-Type: text/plain; charset=utf-8',
    'Content-Transfer-Encoding: 7bit',
    '',
    body,
  ].join('\r\n')
}

function recordsOf({ domain, address }: BenchSender, keys: readonly SigningKey[]): string {
  const label = domain.split('.')[0] as string
  return [
    `${label} A ${address}`,
    `${label} MX 10 mail.${domain}.`,
    `${label} TXT "v=spf1 ip4:${address} mx -all"`,
    `mail.${label} A ${address}`,
    `mail.${label} TXT "v=spf1 a -all"`,
    `_dmarc.${label} TXT "v=DMARC1; p=reject"`,
    ...keys.map(({ selector, record }) => `${selector}._domainkey.${label} TXT ${strings(record)}`),
  ].join('\n')
}

function strings(record: string): string {
  const parts: string[] = []
  for (let at = 0; at < record.length; at += STRING_OCTETS) parts.push(`"${record.slice(at, at + STRING_OCTETS)}"`)
  return parts.join(' ')
}
