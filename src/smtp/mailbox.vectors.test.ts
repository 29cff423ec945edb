// An outside judge of address syntax: isemail's test set (BSD-3-Clause), read from the folder that WAYPOST_VECTORS names.

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { parseMailbox } from './mailbox.ts'
import { parsePath } from './path.ts'

const folder = process.env.WAYPOST_VECTORS
const accepted = new Set(['ISEMAIL_VALID_CATEGORY', 'ISEMAIL_DNSWARN', 'ISEMAIL_RFC5321'])
const element = /<test id="(\d+)">[^]*?<address(?:\/>|>([^]*?)<\/address>)[^]*?<category>(\w+)<\/category>/g

interface Case {
  readonly id: string
  readonly address: string
  readonly category: string
}

function cases(): Case[] {
  if (folder === undefined) return []
  const xml = readFileSync(join(folder, 'address/isemail-tests.xml'), 'utf8')
  return [...xml.matchAll(element)].map((m) => ({
    id: m[1] as string,
    address: decode(m[2] ?? ''),
    category: m[3] as string,
  }))
}

/** XML's own escapes, then U+2400 + n for the control character n. */
function decode(text: string): string {
  return text
    .replace(/&#x([0-9A-Fa-f]+);/g, (_, hex: string) => String.fromCodePoint(Number.parseInt(hex, 16)))
    .replace(/&#(\d+);/g, (_, n: string) => String.fromCodePoint(Number(n)))
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&quot;', '"')
    .replaceAll('&apos;', "'")
    .replaceAll('&amp;', '&')
    .replace(/[\u2400-\u241f]/g, (c) => String.fromCharCode(c.charCodeAt(0) - 0x2400))
}

describe.skipIf(folder === undefined)('isemail', () => {
  const all = cases()

  test('has 164 cases, 38 of them mailboxes', () => {
    expect(all.length).toBe(164)
    expect(all.filter((c) => accepted.has(c.category)).length).toBe(38)
  })

  test.each(all)('$id: $address is $category', ({ address, category }) => {
    const expected = accepted.has(category) ? 'mailbox' : 'bad'
    expect(parseMailbox(address).kind).toBe(expected)
    // A path may have dots at an end or in a row, as addresses of old mobile operators do.
    const withoutDots = address.replace(/^[\w.]{1,64}@/, 'a@')
    const onlyDots = withoutDots !== address && parseMailbox(withoutDots).kind === 'mailbox' && address.length <= 254
    expect(parsePath(`<${address}>`, 'forward').kind).toBe(onlyDots ? 'mailbox' : expected)
  })
})
