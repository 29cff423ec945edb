// A mail host of the demonstration refuses in the words and at the stage that a break gives it.

import { afterEach, beforeEach, expect, it } from 'vitest'
import { sendTestMail } from '../cli/mail/mail-client.ts'
import { type InternetHost, startInternetHost } from './internet-host.ts'

let host: InternetHost
beforeEach(async () => {
  host = await startInternetHost({ name: 'mx.test', host: '127.0.0.1', port: 0 })
})
afterEach(() => host.close())

const send = (to: string) =>
  sendTestMail({
    host: host.host,
    port: host.port,
    security: 'none',
    from: 'ann@stranger.example',
    to: [to],
    message: 'Subject: x\r\n\r\n',
  })

it.each(['greeting', 'mail', 'rcpt', 'dot'] as const)('refuses at %s, with several lines', async (at) => {
  host.refuse({ at, code: 554, lines: (ip) => [`5.7.1 ${ip} is`, '5.7.1 blocked'] })
  const sent = await send('kim@far.example')
  expect(sent.kind).toBe('refused')
  expect(sent.reply.split(/\r?\n/)).toEqual(['554-5.7.1 127.0.0.1 is', '554 5.7.1 blocked'])
  expect(host.mails).toEqual([])
  host.refuse(null)
  expect(await send('kim@far.example')).toMatchObject({ kind: 'accepted' })
  expect(host.mails).toMatchObject([{ to: ['kim@far.example'] }])
})

it('refuses some recipients, and until the refusal is over', async () => {
  let isOver = false
  const recipient = (address: string) => address === 'kim@far.example'
  host.refuse({ at: 'rcpt', code: 450, lines: () => ['4.2.1 too fast'], recipient, isOver: () => isOver })
  expect(await send('kim@far.example')).toMatchObject({ kind: 'refused', reply: '450 4.2.1 too fast' })
  expect(await send('lee@far.example')).toMatchObject({ kind: 'accepted' })
  isOver = true
  expect(await send('kim@far.example')).toMatchObject({ kind: 'accepted' })
})
