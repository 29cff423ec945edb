// The authors of a message: every address of every From: field (RFC 5322 3.6.2). Sender checks and signing depend on them. A field that
// two mail programs may read differently is reported as a problem, and the callers then refuse the message or do not sign it.

import { isUtf8 } from 'node:buffer'
import { isAscii } from '../smtp/domain.ts'
import { normalizeMailbox } from '../smtp/mailbox.ts'
import { tokenizeAddresses } from './address-tokens.ts'
import type { AddressToken } from './address-tokens.ts'
import { fieldsNamed } from './header.ts'
import type { Field } from './header.ts'

export interface Authors {
  /** In printed form (smtp/mailbox.ts), in order, each once. */
  readonly addresses: readonly string[]
  /** Reasons why a mail program may show other authors; empty if there are none. */
  readonly problems: readonly string[]
}

/**
 * The form of nearly all From: fields, which need no tokens: one ASCII address, alone or in brackets behind a name of words, dots and
 * quoted strings. The address has no `=` and `?`, so it cannot hold an encoded word.
 */
const usualFrom =
  /^(?:(?:[\w!#$%&'*+/=?^`{|}~. -]|"[ !#-[\]-~]*")*<([\w!#$%&'*+/^`{|}~.-]+@[\w.-]+)>| *([\w!#$%&'*+/^`{|}~.-]+@[\w.-]+)) *$/
const encodedWord = /=\?[^?]+\?[bq]\?[^?]*\?=/i

/** Reads the From: fields of a header section. Without a From: field there are no addresses and no problems. */
export function readAuthors(fields: readonly Field[]): Authors {
  const from = fieldsNamed(fields, 'from')
  const [first] = from
  const only = first && from.length === 1 ? readAuthorField(first) : null
  if (only?.addresses.length === 1) return only
  const lists = from.map(readAuthorField)
  const problems = lists.flatMap((list) => list.problems)
  if (from.length > 1) problems.unshift(`${from.length} From: fields`)
  return { addresses: [...new Set(lists.flatMap((list) => list.addresses))], problems }
}

function readAuthorField(field: Field): { addresses: string[]; problems: string[] } {
  const usual = usualFrom.exec(field.value)
  const only = usual && normalizeMailbox(usual[1] ?? usual[2] ?? '')
  if (only) return { addresses: [only], problems: [] }
  const list = readAddressList(field.value)
  const problems = [...list.problems]
  if (list.addresses.some((address) => !isAscii(address)) && !isUtf8(field.raw))
    problems.push('address in an unknown character set')
  if (list.addresses.length === 0 && problems.length === 0 && field.value !== '') problems.push('no address')
  return { addresses: [...list.addresses], problems }
}

/** Reads an address list with groups, display names and comments. It also reads other fields with addresses. */
export function readAddressList(value: string): Authors {
  const tokenized = tokenizeAddresses(value)
  if (tokenized.kind === 'bad') return { addresses: [], problems: [tokenized.problem] }
  const reader = createListReader()
  for (const token of tokenized.tokens) reader.take(token)
  return reader.end()
}

interface ListReader {
  take(token: AddressToken): void
  end(): Authors
}

/** One pass over the tokens; `before` holds the tokens before an angle bracket, comma or colon, `inside` those in brackets. */
function createListReader(): ListReader {
  const addresses: string[] = []
  const problems: string[] = []
  let before: AddressToken[] = []
  let inside: AddressToken[] | null = null
  let closed = false
  let group = false
  const address = (tokens: readonly AddressToken[]): void => {
    const read = readAddress(tokens)
    if (read.address !== null) addresses.push(read.address)
    if (read.problem !== null) problems.push(read.problem)
  }
  const endEntry = (): void => {
    if (!closed && before.length > 0) address(before)
    before = []
    closed = false
  }
  const openAngle = (): void => {
    if (closed) problems.push('two addresses without a comma')
    if (before.some((token) => token.kind === 'literal' || (token.kind === 'special' && token.text !== '.'))) {
      problems.push('display name that looks like an address')
    }
    // Checked once: the name before thousands of brackets must not be checked for each of them.
    before = []
    inside = []
  }
  const outside = (token: AddressToken): void => {
    const mark = token.kind === 'special' ? token.text : ''
    if (mark === '<') openAngle()
    else if (mark === '>') problems.push('angle bracket that closes nothing')
    else if (mark === ',') endEntry()
    else if (mark === ';') {
      endEntry()
      if (!group) problems.push('semicolon outside a group')
      group = false
    } else if (mark === ':') {
      if (group || closed || before.length === 0) problems.push('misplaced colon')
      if (before.some((one) => one.text === '@')) problems.push('group name that looks like an address')
      group = true
      before = []
    } else if (closed) problems.push('text behind an address')
    else before.push(token)
  }
  return {
    take: (token) => {
      if (inside === null) return outside(token)
      if (token.kind !== 'special' || token.text !== '>') return void inside.push(token)
      address(inside)
      inside = null
      closed = true
    },
    end: () => {
      if (inside !== null) problems.push('angle bracket that is not closed')
      endEntry()
      if (group) problems.push('group that is not closed')
      return { addresses, problems }
    },
  }
}

/** One addr-spec. Obsolete spaces around its dots (RFC 5322 4.4) are accepted and reported, because not every implementation accepts them. */
function readAddress(tokens: readonly AddressToken[]): { address: string | null; problem: string | null } {
  const text = tokens.map((token) => token.text).join('')
  const address = normalizeMailbox(text)
  if (address === null) return { address, problem: `not an address: ${JSON.stringify(text.slice(0, 80))}` }
  // White space beyond ASCII ends an address in some implementations (mailauth is one) and belongs to the address by RFC 6532.
  if (tokens.slice(1).some((token) => token.apart) || /[^\S ]/.test(text))
    return { address, problem: 'white space or comment inside an address' }
  return { address, problem: encodedWord.test(text) ? 'encoded word inside an address' : null }
}
