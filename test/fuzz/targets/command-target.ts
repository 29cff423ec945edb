// Command lines, paths, addresses and parameters of MAIL and RCPT, attributes of XCLIENT and XFORWARD.

import { readCommandLine } from '../../../src/server/command-line.ts'
import { readAttributes } from '../../../src/server/commands/client-attributes.ts'
import { AUTH_LINE_OCTETS } from '../../../src/smtp/address-limits.ts'
import { formatMailbox, normalizeMailbox, parseMailbox } from '../../../src/smtp/mailbox.ts'
import { formatNextHop, parseNextHop } from '../../../src/smtp/nexthop.ts'
import { parseMailParameters, parseRecipientParameters } from '../../../src/smtp/parameters.ts'
import { parsePath, splitArgument } from '../../../src/smtp/path.ts'
import { decodeUtf8Address, decodeXtext, encodeUtf8Address, encodeXtext } from '../../../src/smtp/xtext.ts'
import { type FuzzTarget, same } from '../fuzz-target.ts'

const limits = { commandLine: 2048, authLine: AUTH_LINE_OCTETS }
const attributes = ['NAME', 'ADDR', 'PORT', 'PROTO', 'HELO', 'IDENT', 'SOURCE', 'DESTADDR', 'DESTPORT'] as const

export const commandTarget: FuzzTarget = {
  name: 'commands',
  holds: 'Nothing throws; an address, a next hop and a value in xtext that are written and read again are the same.',
  most: 4096,
  words: [
    'MAIL FROM:',
    'RCPT TO:',
    '<',
    '>',
    '@',
    'example.org',
    'BDAT 10 LAST',
    'EHLO ',
    '"',
    '\\"',
    '[192.0.2.1]',
    '[IPv6:2001:db8::1]',
    '@a.example,@b.example:',
    ' SIZE=',
    ' BODY=8BITMIME',
    ' SMTPUTF8',
    ' RET=HDRS',
    ' ENVID=',
    ' NOTIFY=SUCCESS,FAILURE',
    ' ORCPT=rfc822;',
    ' ORCPT=utf-8;',
    '\\x{E9}',
    '+3D',
    ' AUTH=<>',
    ' REQUIRETLS',
    'XFORWARD ADDR=',
    'IPV6:',
    '[UNAVAILABLE]',
    'xn--',
    '\xc3\xa9',
    'SRS0=',
    'postmaster',
    ' MT-PRIORITY=3',
    '..',
    '%',
  ],
  open: () => ({ run }),
}

function run(input: Buffer): string {
  const line = readCommandLine(input, limits)
  const kinds = [line.kind === 'bad' ? `bad ${line.reply.text}` : line.verb]
  const text = line.kind === 'command' ? line.argument : input.toString('utf8')
  const argument = text.replace(/^(?:FROM|TO):/i, '')
  const split = splitArgument(argument)
  kinds.push(split.kind === 'bad' ? split.problem : String(split.parameters.length))
  for (const role of ['reverse', 'forward'] as const) {
    const path = parsePath(split.kind === 'bad' ? argument : split.path, role)
    kinds.push(path.kind === 'bad' ? path.problem : path.kind)
    if (path.kind === 'mailbox') holdsForAddress(formatMailbox(path.mailbox))
  }
  const words = split.kind === 'bad' ? argument.split(' ') : split.parameters
  for (const utf8 of [true, false]) {
    const mail = parseMailParameters(words, { requireTls: true, auth: true }, utf8)
    const recipient = parseRecipientParameters(words, utf8, utf8)
    kinds.push(
      mail.kind === 'refused' ? mail.reply.text : 'mail',
      recipient.kind === 'refused' ? recipient.reply.text : 'rcpt',
    )
  }
  kinds.push(readAttributes(argument, attributes) ? 'attributes' : '')
  holdsForTexts(argument)
  return kinds.join('|').replaceAll(/\d+/g, '#').slice(0, 300)
}

function holdsForAddress(address: string): void {
  const again = parseMailbox(address, { looseDots: true })
  if (again.kind !== 'mailbox') throw new Error(`the written address ${address} is not read: ${JSON.stringify(again)}`)
  same('an address and the same read again', address, formatMailbox(again.mailbox))
  same('an address and its normal form', normalizeMailbox(address) ?? address, address)
}

function holdsForTexts(text: string): void {
  const hop = parseNextHop(text)
  if (hop) same('a next hop and the same read again', parseNextHop(formatNextHop(hop)), hop)
  const decoded = decodeXtext(text)
  if (decoded !== null) same('xtext and the same again', decodeXtext(encodeXtext(decoded)), decoded)
  for (const smtputf8 of [true, false]) {
    const address = decodeUtf8Address(text, smtputf8)
    if (address === null) continue
    same(
      'an address of RFC 6533 and the same again',
      decodeUtf8Address(encodeUtf8Address(address, smtputf8), smtputf8),
      address,
    )
  }
}
