// Header fields and their values: authors, addresses, results of authentication, dates, tags, encoded words.

import { tokenizeAddresses } from '../../../src/message/address-tokens.ts'
import { parseDate } from '../../../src/message/date.ts'
import { decodeWords, writePhrase } from '../../../src/message/encoded-words.ts'
import { cleanValue, writeFolded } from '../../../src/message/field.ts'
import { readAddressList, readAuthors } from '../../../src/message/from.ts'
import { mapFields, readFields, removeFields } from '../../../src/message/header.ts'
import { countHops, deliveredTo } from '../../../src/message/hops.ts'
import { readMessageId } from '../../../src/message/message-id.ts'
import { readNamedAddress } from '../../../src/message/named-address.ts'
import { buildResults, isForged, parseResults, trustedResults } from '../../../src/message/results-field.ts'
import { readShownAuthors } from '../../../src/message/shown-authors.ts'
import { readSignatureTags } from '../../../src/message/signature-tags.ts'
import { type FuzzTarget, same } from '../fuzz-target.ts'

export const headerTarget: FuzzTarget = {
  name: 'headers',
  holds:
    'Nothing throws; fields that are read and put together again are the section; results of authentication that are written and read again are the same.',
  most: 16_384,
  words: [
    'From: ',
    'Sender: ',
    'Message-ID: <a@b.example>',
    'Received: from ',
    'Delivered-To: ',
    '\r\n',
    '\r\n ',
    '<',
    '>',
    '@',
    'Authentication-Results: example.org; spf=pass smtp.mailfrom=a@b.example',
    '; dkim=fail header.d=b.example',
    ' 1;',
    '=?utf-8?q?=C3=A9?=',
    '=?utf-8?b?w6k=?=',
    '"',
    '\\',
    '(',
    ')',
    'group:',
    ';',
    ',',
    '\xc3\xa9',
    'a=rsa-sha256; d=b.example',
    'Date: Mon, 1 Jan 2024 00:00:00 +0000',
    ' (c) ',
    '[192.0.2.1]',
    'From : ',
    '\t',
    ' ',
  ],
  open: () => ({ run }),
}

function run(input: Buffer): string {
  const fields = readFields(input)
  same('the section and its fields', mapFields(input, ({ raw }) => raw).toString('latin1'), input.toString('latin1'))
  same('the section without no field', removeFields(input, () => false).toString('latin1'), input.toString('latin1'))
  const authors = readAuthors(fields)
  const shown = readShownAuthors(fields)
  const kinds = [Math.min(fields.length, 4), Object.keys(authors).join(), Object.keys(shown).join()]
  countHops(fields)
  deliveredTo(fields, 'kim@example.org')
  kinds.push(readMessageId(fields) === null ? 'no id' : 'id', trustedResults(fields, 'example.org').length)
  for (const field of fields.slice(0, 20)) kinds.push(holdsForValue(field.value))
  for (const field of fields) isForged(field, 'example.org')
  return kinds.join(' ').slice(0, 200)
}

function holdsForValue(value: string): string {
  const list = readAddressList(value)
  const named = readNamedAddress(value)
  const tokens = tokenizeAddresses(value)
  parseDate(value)
  readSignatureTags(value)
  writePhrase(decodeWords(value))
  const folded = writeFolded('X-Fuzz', cleanValue(value)).toString('latin1')
  if (!/^(?:[^\r\n]+\r\n)+$/.test(folded))
    throw new Error(`a written field has other line ends: ${JSON.stringify(folded)}`)
  const results = parseResults(value)
  if (results.kind === 'results')
    same('results and the same again', parseResults(buildResults(results.authservId, results.results)), results)
  return [JSON.stringify(list).length > 30, named === null, tokens.kind, results.kind].join()
}
