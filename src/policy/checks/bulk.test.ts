import { expect, it } from 'vitest'
import { readFields } from '../../message/header.ts'
import type { Origin } from '../../smtp/origin.ts'
import { parseBulk } from '../bulk-detail.ts'
import type { Mail } from '../check.ts'
import { BULK_RECIPIENTS, bulkCheck } from './bulk.ts'

const noon = Date.UTC(2026, 10, 29, 12)
const oneClick = 'List-Unsubscribe: <https://example.org/>\r\nList-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n'
const lee: Origin = { kind: 'user', identity: 'lee' }

interface Sent {
  readonly recipients: number
  readonly at?: number
  readonly origin?: Origin
  readonly header?: string
}

async function details(check = bulkCheck(), ...sent: readonly Sent[]): Promise<(string | null)[]> {
  const found: (string | null)[] = []
  for (const { recipients, at = noon, origin = lee, header = 'From: Lee@example.org\r\n' } of sent) {
    const mail = {
      origin,
      at,
      queueId: 'q',
      recipients: Array(recipients).fill('a@far.example'),
      fields: readFields(Buffer.from(`${header}\r\n`)),
    }
    const finding = await check.message?.(mail as unknown as Mail)
    const [event] = finding?.events ?? []
    expect(finding?.verdict.kind).toBe('accept')
    found.push(event?.kind === 'checked' ? event.detail : null)
  }
  return found
}

it('counts recipients by author, and reports from a thousand a day on', async () => {
  const found = await details(bulkCheck(), { recipients: BULK_RECIPIENTS - 1 }, { recipients: 1 }, { recipients: 5 })
  expect(found).toEqual([
    null,
    '1000 recipients today of mail of lee@example.org without one click to unsubscribe',
    '1005 recipients today of mail of lee@example.org without one click to unsubscribe',
  ])
  expect(parseBulk(found[1] ?? '')).toEqual({ author: 'lee@example.org', recipients: 1000 })
  expect(parseBulk('from now')).toBeNull()
})

it.each([
  ['mail with one click to unsubscribe', { header: `From: lee@example.org\r\n${oneClick}` }],
  ['mail of strangers', { origin: { kind: 'internet' } as const }],
  ['mail without an author', { header: 'Subject: x\r\n' }],
])('does not count %s', async (_, change) => {
  expect(await details(bulkCheck(), { recipients: 2 * BULK_RECIPIENTS, ...change })).toEqual([null])
})

it('begins again each day (UTC)', async () => {
  const before = { recipients: BULK_RECIPIENTS, at: Date.UTC(2026, 10, 29, 23, 59) }
  const after = { recipients: BULK_RECIPIENTS - 1, at: Date.UTC(2026, 10, 30, 0, 1) }
  expect(await details(bulkCheck(), before, after)).toEqual([expect.any(String), null])
})
