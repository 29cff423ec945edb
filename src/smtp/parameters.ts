// Parameters of MAIL and RCPT (RFC 5321 4.1.1.11, RFC 1870, RFC 3461, RFC 4954, RFC 6152, RFC 6531, RFC 8689), parsed completely or
// refused with the reply of the RFC: unknown 555 5.5.4, malformed or repeated 501 5.5.4, UTF-8 without SMTPUTF8 553 5.6.7.
// Policy decides whether an announced size or REQUIRETLS is accepted.

import type { MailParameters, Notify, RecipientParameters } from './envelope.ts'
import { ENVID_OCTETS, ORCPT_OCTETS } from './address-limits.ts'
import { refusal } from './reply.ts'
import type { Refusal } from './reply.ts'
import { decodeUtf8Address, decodeXtext, encodeUtf8Address, encodeXtext } from './xtext.ts'

export type Parsed<T> =
  | { readonly kind: 'parameters'; readonly parameters: T }
  | { readonly kind: 'refused'; readonly reply: Refusal }

/** Extensions that the reply to EHLO offered in addition to SIZE, 8BITMIME, SMTPUTF8 and DSN, which every listener offers. */
export interface Offered {
  /** REQUIRETLS is offered under TLS only (RFC 8689 section 2). */
  readonly requireTls: boolean
  /** AUTH. The parameter `AUTH=` is checked and ignored, because no client is trusted to vouch with it (RFC 4954 section 5). */
  readonly auth: boolean
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] }
/** Stores the value and returns null, or returns the refusal or, for a malformed value, its text. */
type Reader<T> = (value: string | null, into: Mutable<T>) => Refusal | string | null

const printable = /^[\x20-\x7e]*$/
const keywordShape = /^([A-Za-z0-9][A-Za-z0-9-]*)(?:=([!-<>-~\u{80}-\u{10ffff}]+))?$/u
const addressType = /^[A-Za-z0-9-]+$/
const notifyWords: readonly Notify[] = ['NEVER', 'SUCCESS', 'FAILURE', 'DELAY']

/** RFC 3030 section 3. A known parameter that the server cannot implement is 555 (RFC 5321 4.1.1.11). */
const binaryNotOffered = refusal(555, '5.5.4', 'BODY=BINARYMIME is not offered')

const mailReaders: Readonly<Record<string, Reader<MailParameters>>> = {
  SIZE: (value, into) => {
    if (value === null || !/^\d{1,20}$/.test(value)) return 'SIZE wants a number of octets'
    into.size = Number(value)
    return null
  },
  BODY: (value, into) => {
    const body = value?.toUpperCase()
    if (body === 'BINARYMIME') return binaryNotOffered
    if (body !== '7BIT' && body !== '8BITMIME') return 'BODY is 7BIT or 8BITMIME'
    into.body = body
    return null
  },
  SMTPUTF8: (value, into) => {
    into.smtputf8 = true
    return value === null ? null : 'SMTPUTF8 takes no value'
  },
  RET: (value, into) => {
    const ret = value?.toUpperCase()
    if (ret !== 'FULL' && ret !== 'HDRS') return 'RET is FULL or HDRS'
    into.ret = ret
    return null
  },
  ENVID: (value, into) => {
    const envid = value === null || value.length > ENVID_OCTETS ? null : decodeXtext(value)
    if (envid === null || !printable.test(envid)) return 'ENVID is at most 100 characters of xtext'
    into.envid = envid
    return null
  },
  REQUIRETLS: (value, into) => {
    into.requireTls = true
    return value === null ? null : 'REQUIRETLS takes no value'
  },
  AUTH: (value) => (value !== null && decodeXtext(value) !== null ? null : 'AUTH is xtext or <>'),
}

const recipientReaders: Readonly<Record<string, Reader<RecipientParameters>>> = {
  NOTIFY: (value, into) => {
    const notify = (value ?? '').toUpperCase().split(',')
    if (!isNotify(notify)) return 'NOTIFY is NEVER, or a list of SUCCESS, FAILURE, DELAY'
    into.notify = notify
    return null
  },
}

/**
 * Reads the parameters of MAIL.
 * @param words the parameters as sent, split at spaces
 * @param offered extensions that the session offered
 * @param utf8 true if the reverse-path has characters beyond ASCII
 */
export function parseMailParameters(words: readonly string[], offered: Offered, utf8: boolean): Parsed<MailParameters> {
  const { REQUIRETLS, AUTH, ...always } = mailReaders
  const readers = { ...always, ...(offered.requireTls ? { REQUIRETLS } : {}), ...(offered.auth ? { AUTH } : {}) }
  const start = { size: null, body: '7BIT', smtputf8: false, requireTls: false, ret: null, envid: null } as const
  const parsed = readAll<MailParameters>(words, readers as Record<string, Reader<MailParameters>>, start)
  if (parsed.kind === 'parameters' && utf8 && !parsed.parameters.smtputf8) return refused(utf8NotAllowed())
  return parsed
}

/**
 * Reads the parameters of RCPT.
 * @param words the parameters as sent, split at spaces
 * @param smtputf8 true if MAIL carried SMTPUTF8
 * @param utf8 true if the forward-path has characters beyond ASCII
 */
export function parseRecipientParameters(
  words: readonly string[],
  smtputf8: boolean,
  utf8: boolean,
): Parsed<RecipientParameters> {
  if (utf8 && !smtputf8) return refused(utf8NotAllowed())
  const orcptReader: Reader<RecipientParameters> = (value, into) => {
    into.orcpt = value === null ? null : readOrcpt(value, smtputf8)
    return into.orcpt === null ? 'ORCPT is an address type, a semicolon and xtext' : null
  }
  return readAll<RecipientParameters>(words, { ...recipientReaders, ORCPT: orcptReader }, { notify: [], orcpt: null })
}

/** True for the words of a NOTIFY parameter (RFC 3461 4.1): each once, and NEVER alone. */
export function isNotify(words: readonly string[]): words is readonly Notify[] {
  const known: readonly string[] = notifyWords
  if (words.length === 0 || new Set(words).size !== words.length) return false
  return words.every((word) => known.includes(word)) && (words.length === 1 || !words.includes('NEVER'))
}

/** True for a decoded `type;address` of ORCPT (RFC 3461 4.2, RFC 6533 section 3), whose length cannot exceed that of its encoded form. */
export function isOrcpt(orcpt: string): boolean {
  const cut = orcpt.indexOf(';')
  const type = orcpt.slice(0, Math.max(cut, 0))
  if (!addressType.test(type) || Buffer.byteLength(orcpt) > ORCPT_OCTETS) return false
  return isOriginalAddress(type, orcpt.slice(cut + 1))
}

function isOriginalAddress(type: string, address: string): boolean {
  // oxlint-disable-next-line no-control-regex -- control characters are what is looked for
  if (type.toLowerCase() === 'utf-8') return address !== '' && !/[\x00-\x1f\x7f-\x9f]/.test(address)
  return address !== '' && printable.test(address)
}

/** Writes a decoded `type;address` as the value of ORCPT= for a peer with or without SMTPUTF8. */
export function formatOrcpt(orcpt: string, smtputf8: boolean): string {
  const cut = orcpt.indexOf(';')
  const type = orcpt.slice(0, cut)
  const address = orcpt.slice(cut + 1)
  const encoded = type.toLowerCase() === 'utf-8' ? encodeUtf8Address(address, smtputf8) : encodeXtext(address)
  return `${type};${encoded}`
}

function readAll<T>(words: readonly string[], readers: Readonly<Record<string, Reader<T>>>, start: T): Parsed<T> {
  const into: Mutable<T> = { ...start }
  const seen = new Set<string>()
  for (const word of words) {
    const match = keywordShape.exec(word)
    if (!match) return refused(badParameter('Malformed parameter'))
    const keyword = (match[1] as string).toUpperCase()
    const reader = Object.hasOwn(readers, keyword) ? readers[keyword] : undefined
    if (!reader) return refused(refusal(555, '5.5.4', `Parameter ${keyword} not recognized`))
    if (seen.has(keyword)) return refused(badParameter(`Parameter ${keyword} given twice`))
    seen.add(keyword)
    const problem = reader(match[2] ?? null, into)
    if (problem !== null) return refused(typeof problem === 'string' ? badParameter(problem) : problem)
  }
  return { kind: 'parameters', parameters: into }
}

function readOrcpt(value: string, smtputf8: boolean): string | null {
  const cut = value.indexOf(';')
  const type = value.slice(0, Math.max(cut, 0))
  // RFC 6533 section 3 allows the UTF-8 forms more than 500 octets; the line length bounds them.
  if (!addressType.test(type) || Buffer.byteLength(value) > ORCPT_OCTETS) return null
  const text = value.slice(cut + 1)
  const address = type.toLowerCase() === 'utf-8' ? decodeUtf8Address(text, smtputf8) : decodeXtext(text)
  return address === null || !isOriginalAddress(type, address) ? null : `${type};${address}`
}

function utf8NotAllowed(): Refusal {
  return refusal(553, '5.6.7', 'Address has non-ASCII characters, but MAIL has no SMTPUTF8')
}

function badParameter(text: string): Refusal {
  return refusal(501, '5.5.4', text)
}

function refused(reply: Refusal): { readonly kind: 'refused'; readonly reply: Refusal } {
  return { kind: 'refused', reply }
}
