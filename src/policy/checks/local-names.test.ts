import { expect, it } from 'vitest'
import { mailFacts, runCheck } from '../../../test/lib/check-facts.ts'
import type { LocalNames } from '../../smtp/public-address.ts'
import type { Mail } from '../check.ts'
import { localNamesCheck } from './local-names.ts'

const rewriting: LocalNames = { host: 'web-01.example.org', domain: 'example.org', hosts: [], rewrite: true }
const local = { origin: { kind: 'local' }, sender: 'root@example.org' } as const

async function edit(names: LocalNames, header: string, change: Partial<Mail> = local) {
  const mail = { ...mailFacts(header), ...change }
  const { fields } = await runCheck(localNamesCheck(names), 'message', mail)
  return fields && { remove: fields.remove, insert: fields.insert?.toString() }
}

it('rewrites author and recipients and names the host', async () => {
  const header = 'From: root (Cron Daemon)\nTo: root, kim@example.net\nSubject: Cron <root@web-01> true'
  expect(await edit(rewriting, header)).toEqual({
    remove: ['from', 'to', 'x-originating-host'],
    insert:
      'From: root@example.org (Cron Daemon)\r\nTo: root@example.org, kim@example.net\r\n' +
      'X-Originating-Host: web-01.example.org; from=root (Cron Daemon)\r\n',
  })
})

it('names the host also if only the envelope was rewritten, and replaces a field that a program wrote', async () => {
  expect(await edit(rewriting, 'From: Kim <kim@example.net>\nX-Originating-Host: liar')).toEqual({
    remove: ['x-originating-host'],
    insert: 'X-Originating-Host: web-01.example.org\r\n',
  })
})

it('without rewriting completes the incomplete addresses only', async () => {
  const names = { ...rewriting, rewrite: false }
  expect(await edit(names, 'From: root\nSender: www-data@web-01.example.org')).toEqual({
    remove: ['from'],
    insert: 'From: root@web-01.example.org\r\n',
  })
  expect(await edit(names, 'From: kim@example.org')).toBeUndefined()
})

it('keeps the other fields of a name that changes', async () => {
  const { insert = '' } = (await edit(rewriting, 'From: a@b.example\nResent-To: root\nResent-To: x@y.example')) ?? {}
  expect(insert).toContain('Resent-To: root@example.org\r\nResent-To: x@y.example\r\n')
})

it('gives a message without author its reverse-path', async () => {
  expect((await edit(rewriting, 'To: a@b.example'))?.insert).toContain('From: <root@example.org>\r\n')
  expect((await edit(rewriting, 'To: a@b.example', { ...local, sender: null }))?.insert).not.toContain('From:')
})

it('changes nothing in mail of others', async () => {
  expect(await edit(rewriting, 'From: root', { origin: { kind: 'internet' } })).toBeUndefined()
})
