import { expect, it } from 'vitest'
import type { QueueReader } from '../queue/contract/queue-reader.ts'
import { lastReply } from './build-status.ts'

type Last = { readonly host: string | null; readonly reply: string } | null

function readerWith(last: Last) {
  const asked: unknown[] = []
  const page = (...args: unknown[]) => {
    asked.push(args)
    return Promise.resolve({ messages: [{ recipients: [{ last }] }], next: null })
  }
  return { asked, reader: { page } as unknown as Pick<QueueReader, 'page'> }
}

it('shows host and reply for one recipient of the destination, without mail addresses', async () => {
  const reply = '451 4.7.1 <kim@far.example>: Recipient address rejected, ask postmaster@far.example'
  const { asked, reader } = readerWith({ host: 'mx.far.example[192.0.2.9]:25', reply })
  expect(await lastReply(reader, 'mx:far.example')).toBe(
    'mx.far.example[192.0.2.9]:25: 451 4.7.1 …: Recipient address rejected, ask …',
  )
  expect(asked).toEqual([[{ destination: 'mx:far.example' }, { after: null, limit: 1 }]])
})

it('bounds the last reply, which is null before the first attempt', async () => {
  expect((await lastReply(readerWith({ host: null, reply: 'x'.repeat(9000) }).reader, 'mx:a'))?.length).toBe(500)
  expect(await lastReply(readerWith(null).reader, 'mx:a')).toBeNull()
})
