// Replaces the author of a forwarded message by an address of the node: `Ann <ann@stranger.example>` becomes
// `"Ann via example.org" <ann=stranger.example@forwards.example>`. Replies still go to the author (RFC 5322 3.6.2).

import { createHash } from 'node:crypto'
import { LOCAL_PART_OCTETS } from '../smtp/address-limits.ts'
import { splitAddress } from '../smtp/mailbox.ts'
import { tokenizeAddresses } from './address-tokens.ts'
import type { AddressToken } from './address-tokens.ts'
import { writePhrase } from './encoded-words.ts'
import { writeField } from './field.ts'
import { fieldsNamed } from './header.ts'
import type { Field } from './header.ts'

export interface ViaNames {
  /** Domain of the new address, for which the node signs. */
  readonly domain: string
  /** Name of the forwarder in the display name, after `via`. */
  readonly via: string
}

/** Characters kept of a display name. */
const MAX_NAME = 120
/** A local part that needs no quotes (RFC 5321 4.1.2 Dot-string). */
const dotString = /^[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*$/
const encodedWord = /^=\?[^?\s]+\?[bq]\?[^?\s]*\?=$/i

/** The fields that replace From:, with a Reply-To: unless the message has one. X-Original-From: keeps the old value. */
export function viaFields(fields: readonly Field[], author: string, names: ViaNames): Buffer {
  const [from] = fieldsNamed(fields, 'from')
  const made = `${displayName(from?.value ?? '', author, names.via)} <${viaAddress(author, names.domain)}>`
  const copy = (name: string) => (from ? [renamed(from, name)] : [])
  const answers = fieldsNamed(fields, 'reply-to').some((field) => field.value !== '') ? [] : copy('Reply-To')
  return Buffer.concat([writeField('From', made), ...answers, ...copy('X-Original-From')])
}

/**
 * The From: of a message of ours around one whose author is not clear. Nothing of that author is copied, also not to Reply-To: a program
 * could read it in any way.
 */
export function unclearAuthorField({ domain, via }: ViaNames): Buffer {
  return writeField('From', `${writePhrase(`Unclear author via ${via}`)} <unclear-author@${domain}>`)
}

/** True for a field that they replace: From:, or a Reply-To: without a value. */
export function isReplacedByVia({ key, value }: Field): boolean {
  return key === 'from' || (key === 'reply-to' && value === '')
}

/** An address in `domain` that contains the author's address, or a hash of it if a local part cannot hold it. */
export function viaAddress(author: string, domain: string): string {
  const { local: name, domain: home } = splitAddress(author)
  const local = `${name}=${home}`
  const fits = dotString.test(local) && Buffer.byteLength(local) <= LOCAL_PART_OCTETS
  return `${fits ? local : `author-${createHash('sha256').update(author).digest('hex').slice(0, 32)}`}@${domain}`
}

/** The same value with another field name, octet for octet. */
function renamed(field: Field, name: string): Buffer {
  return Buffer.concat([Buffer.from(name), field.raw.subarray(field.raw.indexOf(':'))])
}

/** Encoded words stay unchanged; other words become one quoted string. */
function displayName(value: string, author: string, via: string): string {
  const words = nameWords(value)
  if (words.length === 0) return writePhrase(`${author.replace('@', ' at ')} via ${via}`)
  const encoded = words.filter((word) => encodedWord.test(word))
  if (encoded.length === words.length && words.join(' ').length <= MAX_NAME)
    return `${words.join(' ')} ${writePhrase(`via ${via}`)}`
  // Mixed or too long: only the unencoded words are kept.
  const plain = words.filter((word) => !encodedWord.test(word)).join(' ')
  const name = plain === '' ? author.replace('@', ' at ') : plain.slice(0, MAX_NAME).toWellFormed()
  return writePhrase(`${name} via ${via}`)
}

/** The words before the angle bracket without quotes; none if the value has not the form `name <address>`. */
function nameWords(value: string): string[] {
  const tokenized = tokenizeAddresses(value)
  if (tokenized.kind === 'bad') return []
  const open = tokenized.tokens.findIndex((token) => token.kind === 'special' && token.text === '<')
  if (open < 1) return []
  const words: string[] = []
  for (const token of tokenized.tokens.slice(0, open)) {
    // `J. Doe`: the dot belongs to the word before it.
    if (token.apart || words.length === 0) words.push(textOf(token))
    else words.push(`${words.pop() ?? ''}${textOf(token)}`)
  }
  return words.filter((word) => word !== '')
}

function textOf(token: AddressToken): string {
  return token.kind === 'quoted' ? token.text.slice(1, -1).replace(/\\(.)/g, '$1').trim() : token.text
}
