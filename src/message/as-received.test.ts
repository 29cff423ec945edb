// The header without the fields of this node.

import { expect, it } from 'vitest'
import { headerAsReceived } from './as-received.ts'

const own = { queueId: 'Q1', authservId: 'example.org' }
const received = (id: string) =>
  `Received: from a.example (a.example [192.0.2.1])\r\n by mx (Waypost) with ESMTP id ${id}; Sun\r\n`
const sender = `${received('X9')}DKIM-Signature: v=1; d=a.example\r\nSubject: a\r\n\r\n`
const restored = (header: string) => headerAsReceived(Buffer.from(header), own).toString()

it('removes what the node added on top, and keeps every octet of the sender', () => {
  const added =
    `Delivered-To: kim@example.org\r\n${received('Q1')}Authentication-Results: example.org; spf=pass\r\n` +
    'X-Spam-Status: Yes, score=9\r\nX-Spam-Flag: YES\r\n'
  expect(restored(added + sender)).toBe(sender)
})

it('keeps the Received field of another server, and what is above it', () => {
  const header = `List-Id: <l.example>\r\n${sender}`
  expect(restored(header)).toBe(header)
})

it('removes results of the fleet and of a spam filter anywhere, not those of others', () => {
  const foreign = 'Authentication-Results: a.example; spf=pass\r\n'
  expect(restored(`${foreign}Authentication-Results: example.org; spf=pass\r\nX-Spam-Flag: YES\r\n${sender}`)).toBe(
    `${foreign}${sender}`,
  )
})

it('takes a header without fields', () => expect(restored('\r\n')).toBe('\r\n'))
