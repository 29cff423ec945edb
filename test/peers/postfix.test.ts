// The peers' own helpers work: a throw-away Postfix takes mail from smtp-source and sendmail and hands it to smtp-sink, then is gone.

import { existsSync } from 'node:fs'
import { afterEach, describe, expect, it } from 'vitest'
import { ensurePeers } from '../lib/peers/ensure.ts'
import { type Postfix, startPostfix } from '../lib/peers/postfix.ts'
import { type SmtpSink, startSmtpSink } from '../lib/peers/smtp-sink.ts'
import { runSmtpSource } from '../lib/peers/smtp-source.ts'
import { until } from '../lib/until.ts'

describe.runIf(ensurePeers(['postfix']))('a throw-away Postfix', () => {
  let sink: SmtpSink
  let postfix: Postfix

  afterEach(async () => {
    await postfix.stop()
    await sink.stop()
    expect(existsSync(postfix.folder)).toBe(false)
  })

  it('relays what smtp-source and sendmail give it to smtp-sink', async () => {
    sink = await startSmtpSink()
    postfix = await startPostfix({ relayhost: `[127.0.0.1]:${sink.port}` })
    const source = await runSmtpSource({ port: postfix.port, messages: 20, sessions: 4, length: 1000 })
    expect(source.kind).toBe('sent')
    await sink.has(20, 20_000)
    postfix.sendmail('s@example.org', ['r@example.net'], 'Subject: one\n\nbody\n')
    await sink.has(21, 20_000)
    await until(() => postfix.log().match(/status=sent/g)?.length === 21, { what: '21 deliveries in the log' })
  })

  it('keeps what the sink refuses for now', async () => {
    sink = await startSmtpSink(['-r', 'RCPT'])
    postfix = await startPostfix({ relayhost: `[127.0.0.1]:${sink.port}` })
    expect((await runSmtpSource({ port: postfix.port, messages: 1, sessions: 1 })).kind).toBe('sent')
    await until(() => postfix.log().includes('status=deferred'), { what: 'a deferral' })
    expect(postfix.run('postqueue', '-p')).toContain('recipient@example.net')
    expect(sink.messages()).toBe(0)
  })

  it('refuses what it may not relay, and smtp-source says so', async () => {
    sink = await startSmtpSink()
    postfix = await startPostfix({ main: { mynetworks: '192.0.2.0/24' } })
    const source = await runSmtpSource({ port: postfix.port, messages: 1, sessions: 1 })
    expect(source).toMatchObject({ kind: 'failed', cause: expect.stringContaining('Relay access denied') })
  })
})
