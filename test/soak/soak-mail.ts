// The messages of a soak: signed by their sender domains, with a number in the header and a body that can be made again from the number.

import { createHash, generateKeyPairSync, type KeyObject } from 'node:crypto'
import type { Zone } from '../../src/demo/authority.ts'
import { signField } from '../lib/hand-made-signature.ts'
import { recipientOf, kindOf, reversePathOf, SALTS, senderDomain, senderOf, SENDERS } from './mail-plan.ts'
import { drawn } from './seeded-random.ts'

/** Small bodies have up to this many lines; the largest part of mail is text of a few KiB. */
const SMALL_LINES = 40
/** Larger than what the queue keeps in its database, so the body is a file of the spool. */
const LARGE_LINES = 2200
const LARGE_SHARE = 0.004
/** Of ten domains, one signs with RSA, one does not sign (SPF alone proves it), and the others sign with Ed25519, which costs the load less. */
const TURN = 10
const RSA_TURN = 0
const UNSIGNED_TURN = 1
/** TTL of the records of senders, s: short, so that a dead resolver matters within seconds. */
const SENDER_TTL = 20

interface SenderKey {
  readonly algorithm: string
  readonly privateKey: KeyObject
  readonly record: string
}

export interface SoakMail {
  readonly from: string
  readonly to: string
  /** With the final dot, ready for DATA. */
  readonly data: string
}

export interface MailMaker {
  readonly zone: Zone
  /** The address that the client of a message names with the PROXY protocol (RFC 2544), and its EHLO name. */
  client(number: number): { readonly address: string; readonly helo: string }
  make(number: number): SoakMail
}

/** Creates the keys of all sender domains. @param mxHost the host name that takes the bounces of the senders */
export function createMailMaker(seed: number, mxHost: string): MailMaker {
  // One RSA key for all domains that use one, because making 20 takes seconds.
  const rsa = rsaKey()
  const keys = Array.from({ length: SENDERS }, (_, place) => keyOf(place, rsa))
  const zone: Zone = Object.assign({}, ...keys.map((key, place) => recordsOf(place, key, mxHost)))
  return {
    zone,
    client: (number) => ({ address: addressOf(senderOf(number)), helo: `mail.${senderDomain(senderOf(number))}` }),
    make: (number) => makeMail(seed, number, keys[senderOf(number)] ?? null),
  }
}

function addressOf(place: number): string {
  return `198.18.${place + 1}.25`
}

function rsaKey(): SenderKey {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
  const der = publicKey.export({ type: 'spki', format: 'der' }).toString('base64')
  return { algorithm: 'rsa-sha256', privateKey, record: `v=DKIM1; k=rsa; p=${der}` }
}

function keyOf(place: number, rsa: SenderKey): SenderKey | null {
  if (place % TURN === UNSIGNED_TURN) return null
  if (place % TURN === RSA_TURN) return rsa
  const { privateKey, publicKey } = generateKeyPairSync('ed25519')
  const raw = Buffer.from(publicKey.export({ format: 'jwk' }).x as string, 'base64url').toString('base64')
  return { algorithm: 'ed25519-sha256', privateKey, record: `v=DKIM1; k=ed25519; p=${raw}` }
}

function recordsOf(place: number, key: SenderKey | null, mxHost: string): Zone {
  const domain = senderDomain(place)
  const address = addressOf(place)
  const ttl = SENDER_TTL
  return {
    [domain]: { MX: `10 ${mxHost}`, TXT: `v=spf1 ip4:${address} -all`, ttl },
    [`mail.${domain}`]: { A: address, TXT: 'v=spf1 a -all', ttl },
    [`_dmarc.${domain}`]: { TXT: 'v=DMARC1; p=reject', ttl },
    [`${address.split('.').toReversed().join('.')}.in-addr.arpa`]: { PTR: `mail.${domain}`, ttl },
    ...(key && { [`soak._domainkey.${domain}`]: { TXT: key.record, ttl } }),
  }
}

function makeMail(seed: number, number: number, key: SenderKey | null): SoakMail {
  const from = reversePathOf(number)
  const to = recipientOf(kindOf(seed, number), number)
  const domain = senderDomain(senderOf(number))
  const body = wireBodyOf(seed, number)
  const fields = [
    `From: Ann Sender <${from}>`,
    `To: <${to}>`,
    `Subject: Soak ${number}`,
    `Date: ${new Date().toUTCString().replace('GMT', '+0000')}`,
    `Message-ID: <${number}.soak@${domain}>`,
    `X-Soak: ${number}`,
  ]
  const signature = key === null ? '' : signatureOf({ fields, body, domain, key })
  return { from, to, data: `${signature}${fields.join('\r\n')}\r\n\r\n${body}.\r\n` }
}

/** RFC 6376; the body is hashed without the dots of RFC 5321 section 4.5.2. */
function signatureOf(made: {
  readonly fields: readonly string[]
  readonly body: string
  readonly domain: string
  readonly key: SenderKey
}): string {
  const { fields, body, domain, key } = made
  const hash = createHash('sha256').update(body.replaceAll('\r\n..', '\r\n.')).digest('base64')
  const tags = `v=1; a=${key.algorithm}; c=relaxed/simple; d=${domain}; s=soak; h=From:To:Subject:Date:Message-ID:X-Soak; bh=${hash};`
  return signField(`DKIM-Signature: ${tags} b=`, fields, key.privateKey)
}

/** The body as it is on the wire, without the final dot. Each line has the number, so that no part of another message fits. */
export function wireBodyOf(seed: number, number: number): string {
  const size = drawn(seed, SALTS.size, number)
  const lines = size < LARGE_SHARE ? LARGE_LINES : 1 + Math.floor(drawn(seed, SALTS.size, number, 1) * SMALL_LINES)
  const line = `Line of the soaked message ${number}, with words that a person could have written.\r\n`
  return `The body of ${number}.\r\n..a line that begins with a dot\r\n${line.repeat(lines)}`
}

/** The number in the header of a message, or null. */
export function numberOf(header: string): number | null {
  const found = /^X-Soak: (\d+)\r?$/im.exec(header)
  return found ? Number(found[1]) : null
}
