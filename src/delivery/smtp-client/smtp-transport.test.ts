// The SMTP and LMTP client against a test host that fails on command, at every stage of a session.

import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { mkdtempSync } from 'node:fs'
import { Readable } from 'node:stream'
import { afterEach, describe, expect, it } from 'vitest'
import { startSmtpPeer, type PeerOptions, type SmtpPeer } from '../../../test/lib/smtp-peer.ts'
import {
  contentFrom,
  envelopeFor,
  loopbackTarget,
  openTarget,
  type TestTransport,
  profileWith,
  transportSettings,
} from '../../../test/lib/transport-settings.ts'
import { systemClock } from '../../lib/clock.ts'
import { plainMail, plainRecipient } from '../../smtp/envelope.ts'
import { createSmtpTransport } from './smtp-transport.ts'
import type { Target } from '../target.ts'
import type { OpenResult, RecipientResult, TransportConnection } from './transport.ts'

const started: SmtpPeer[] = []
const opened: TransportConnection[] = []

afterEach(async () => {
  for (const connection of opened.splice(0)) connection.close()
  await Promise.all(started.splice(0).map((peer) => peer.close()))
})

interface Setting extends PeerOptions {
  readonly transport?: TestTransport
  readonly target?: Partial<Target>
}

async function setUp({ transport, target, ...options }: Setting = {}) {
  const peer = await startSmtpPeer(options)
  started.push(peer)
  const client = createSmtpTransport(transportSettings(transport), { clock: systemClock })
  const open = async (): Promise<OpenResult> => {
    const result = await openTarget(client, loopbackTarget(peer.port, target))
    if (result.kind === 'open') opened.push(result.connection)
    return result
  }
  const connect = async () => {
    const result = await open()
    if (result.kind !== 'open') throw new Error(JSON.stringify(result))
    return result.connection
  }
  return { peer, open, connect }
}

const mail = contentFrom('Subject: test\r\n\r\n', 'Hello.\r\n')
const kinds = (results: readonly RecipientResult[]) =>
  results.map((result) => ('phase' in result ? `${result.kind} ${result.phase}` : result.kind))

describe('a mail transaction', () => {
  it('delivers to several recipients in one pipelined group', async () => {
    const { peer, connect } = await setUp()
    const connection = await connect()
    const results = await connection.send(envelopeFor(['a@example.net', 'b@example.net']), mail)
    expect(kinds(results)).toEqual(['accepted', 'accepted'])
    expect(results[0]).toMatchObject({ reply: { code: 250, enhanced: '2.0.0', verbatim: '250 2.0.0 kept' } })
    expect(peer.messages).toHaveLength(1)
    expect(peer.messages[0]?.rcpts).toEqual(['RCPT TO:<a@example.net>', 'RCPT TO:<b@example.net>'])
    expect(peer.messages[0]?.data.toString()).toBe('Subject: test\r\n\r\nHello.\r\n')
    expect(peer.messages[0]?.mail).toBe('MAIL FROM:<sender@example.org> SIZE=25')
    expect(connection.peer).toBe(`peer.test[127.0.0.1]:${peer.port}`)
  })

  it('waits for each reply without PIPELINING', async () => {
    const { peer, connect } = await setUp({ extensions: ['8BITMIME'] })
    const connection = await connect()
    const results = await connection.send(envelopeFor(['permfail-rcpt@example.net', 'b@example.net']), mail)
    expect(kinds(results)).toEqual(['refused rcpt', 'accepted'])
    expect(peer.messages[0]?.mail).toBe('MAIL FROM:<sender@example.org>')
  })

  it('sends HELO to a host that does not know EHLO', async () => {
    const { peer, connect } = await setUp({ heloOnly: true })
    const results = await (await connect()).send(envelopeFor(['a@example.net']), mail)
    expect(kinds(results)).toEqual(['accepted'])
    expect(peer.commands.map(({ line }) => line.split(' ')[0])).toEqual(['EHLO', 'HELO', 'MAIL', 'RCPT', 'DATA'])
  })

  it.each(['500 what', '501 no', '550 5.7.1 EHLO is not allowed here', '554 not today'])(
    'sends HELO to a host that refuses EHLO: %s',
    async (ehloRefusal) => {
      const { peer, connect } = await setUp({ ehloRefusal })
      const results = await (await connect()).send(envelopeFor(['a@example.net']), mail)
      expect(kinds(results)).toEqual(['accepted'])
      expect(peer.commands.map(({ line }) => line.split(' ')[0])).toEqual(['EHLO', 'HELO', 'MAIL', 'RCPT', 'DATA'])
    },
  )

  it('carries many messages over one connection', async () => {
    const { peer, connect } = await setUp()
    const connection = await connect()
    for (let i = 0; i < 5; i++) await connection.send(envelopeFor([`r${i}@example.net`]), mail)
    expect(peer.sessions).toBe(1)
    expect(peer.messages).toHaveLength(5)
    expect(peer.commands.some(({ line }) => line === 'RSET')).toBe(false)
  })

  it('resets a transaction that ended without data before the next one', async () => {
    const { peer, connect } = await setUp()
    const connection = await connect()
    const refused = await connection.send(envelopeFor(['permfail-rcpt@example.net']), mail)
    expect(kinds(refused)).toEqual(['refused rcpt'])
    expect(kinds(await connection.send(envelopeFor(['a@example.net']), mail))).toEqual(['accepted'])
    expect(peer.sessions).toBe(1)
    expect(peer.commands.map(({ line }) => line)).toContain('RSET')
  })

  it('returns for each recipient its own reply', async () => {
    const { connect } = await setUp()
    const to = ['permfail-rcpt+1@example.net', 'ok@example.net', 'tempfail-rcpt+2@example.net', 'ok2@example.net']
    const results = await (await connect()).send(envelopeFor(to), mail)
    expect(results.map((r) => ('reply' in r ? r.reply.code : 0))).toEqual([550, 250, 450, 250])
  })

  it('sends the null sender and DSN parameters per recipient', async () => {
    const { peer, connect } = await setUp()
    const envelope = envelopeFor([], {
      reversePath: null,
      parameters: { ...plainMail, ret: 'HDRS', envid: 'a+b=c' },
      recipients: [
        { address: 'a@example.net', parameters: { notify: ['SUCCESS', 'FAILURE'], orcpt: 'rfc822;o+tag@example.org' } },
        { address: 'b@example.net', parameters: { notify: ['NEVER'], orcpt: null } },
        { address: 'c@example.net', parameters: plainRecipient },
      ],
    })
    await (await connect()).send(envelope, mail)
    expect(peer.messages[0]?.mail).toBe('MAIL FROM:<> SIZE=25 RET=HDRS ENVID=a+2Bb+3Dc')
    expect(peer.messages[0]?.rcpts).toEqual([
      'RCPT TO:<a@example.net> NOTIFY=SUCCESS,FAILURE ORCPT=rfc822;o+2Btag@example.org',
      'RCPT TO:<b@example.net> NOTIFY=NEVER',
      'RCPT TO:<c@example.net>',
    ])
  })

  it('sends no DSN parameters to a host that does not offer DSN', async () => {
    const { peer, connect } = await setUp({ extensions: ['PIPELINING'] })
    const connection = await connect()
    const recipient = {
      address: 'a@example.net',
      parameters: { notify: ['SUCCESS' as const], orcpt: 'rfc822;o@example.org' },
    }
    await connection.send(envelopeFor([], { recipients: [recipient] }), mail)
    expect(peer.messages[0]?.rcpts).toEqual(['RCPT TO:<a@example.net>'])
    expect(connection.offersDsn).toBe(false)
  })

  it('ignores EHLO keywords that the operator discards', async () => {
    const profile = profileWith({ discardEhlo: new Set(['DSN', 'SIZE', 'PIPELINING']) })
    const { peer, connect } = await setUp({ target: { profile } })
    const connection = await connect()
    expect(connection.offersDsn).toBe(false)
    await connection.send(envelopeFor(['a@example.net']), mail)
    expect(peer.messages[0]?.mail).toBe('MAIL FROM:<sender@example.org>')
  })

  it('streams a large body with doubled dots, complete and unchanged', async () => {
    const { peer, connect } = await setUp()
    const body = `${'.line with a dot\r\nplain line\r\n..\r\n'.repeat(60_000)}no line end`
    const results = await (await connect()).send(
      envelopeFor(['a@example.net']),
      contentFrom('A: b\r\n\r\n', body, true),
    )
    expect(kinds(results)).toEqual(['accepted'])
    expect(peer.messages[0]?.data.toString()).toBe(`A: b\r\n\r\n${body}\r\n`)
  })

  it('returns for each LMTP recipient its own reply after the data', async () => {
    const path = join(mkdtempSync(join(tmpdir(), 'lmtp-')), 'socket')
    const { peer, connect } = await setUp({
      lmtp: true,
      path,
      target: { protocol: 'lmtp', host: 'localhost', endpoint: { kind: 'unix', path } },
    })
    const to = ['a@example.net', 'permfail-dot@example.net', 'permfail-rcpt@example.net', 'tempfail-dot@example.net']
    const connection = await connect()
    const results = await connection.send(envelopeFor(to), mail)
    expect(kinds(results)).toEqual(['accepted', 'refused dot', 'refused rcpt', 'refused dot'])
    expect(peer.messages[0]?.rcpts).toEqual(['RCPT TO:<a@example.net>'])
    expect(connection.peer).toBe(path)
    expect(kinds(await connection.send(envelopeFor(['b@example.net']), mail))).toEqual(['accepted'])
  })
})

describe('an error before MAIL', () => {
  it.each([
    ['connect', 'permfail', 'refused greeting'],
    ['connect', 'tempfail', 'refused greeting'],
    ['connect', 'disconnect', 'lost greeting'],
    ['connect', 'garbage', 'protocol-error greeting'],
    ['connect', 'stall', 'lost greeting'],
    ['ehlo', 'tempfail', 'refused ehlo'],
    ['ehlo', 'closing', 'refused ehlo'],
    ['ehlo', 'stall', 'lost ehlo'],
    ['ehlo', 'wrong', 'protocol-error ehlo'],
  ] as const)('at %s, %s', async (stage, mood, expected) => {
    const { open } = await setUp({ moods: { [stage]: mood }, transport: { timeouts: { greeting: 60, ehlo: 60 } } })
    const result = await open()
    expect(result.kind === 'closed' && kinds([result.error])[0]).toBe(expected)
  })

  it('is lost at connect if the host does not listen', async () => {
    const { peer, open } = await setUp()
    await peer.close()
    expect(await open()).toMatchObject({
      kind: 'closed',
      error: { kind: 'lost', phase: 'connect', cause: 'ECONNREFUSED' },
    })
  })
})

describe('an error in the transaction', () => {
  it.each([
    ['tempfail-mail@example.org', 'a@example.net', 'refused mail'],
    ['permfail-mail@example.org', 'a@example.net', 'refused mail'],
    ['stall-mail@example.org', 'a@example.net', 'lost mail'],
    ['disconnect-mail@example.org', 'a@example.net', 'lost mail'],
    ['closing-mail@example.org', 'a@example.net', 'refused mail'],
    ['wrong-mail@example.org', 'a@example.net', 'protocol-error mail'],
    ['s@example.org', 'stall-rcpt@example.net', 'lost rcpt'],
    ['s@example.org', 'disconnect-rcpt@example.net', 'lost rcpt'],
    ['s@example.org', 'closing-rcpt@example.net', 'refused rcpt'],
    ['s@example.org', 'tempfail-data@example.net', 'refused data'],
    ['s@example.org', 'permfail-data@example.net', 'refused data'],
    ['s@example.org', 'stall-data@example.net', 'lost data'],
    ['s@example.org', 'disconnect-data@example.net', 'lost data'],
    ['s@example.org', 'wrong-data@example.net', 'protocol-error data'],
    ['s@example.org', 'tempfail-dot@example.net', 'refused dot'],
    ['s@example.org', 'permfail-dot@example.net', 'refused dot'],
    ['s@example.org', 'stall-dot@example.net', 'lost dot'],
    ['s@example.org', 'disconnect-dot@example.net', 'lost dot'],
    ['s@example.org', 'garbage-dot@example.net', 'protocol-error dot'],
  ])('from %s to %s', async (reversePath, to, expected) => {
    const timeouts = { mail: 60, rcpt: 60, data: 60, finalDot: 60 }
    for (const extensions of [['PIPELINING'], []]) {
      const { peer, connect } = await setUp({ extensions, transport: { timeouts } })
      const connection = await connect()
      const results = await connection.send(envelopeFor([to], { reversePath }), mail)
      expect(kinds(results)).toEqual([expected])
      expect(peer.messages).toHaveLength(0)
      // A session continues after a refusal and ends after every other error.
      expect(connection.usable).toBe(expected.startsWith('refused') && !/closing/.test(reversePath + to))
    }
  })

  it('closes if DATA is accepted after MAIL was refused', async () => {
    const { peer, connect } = await setUp({ replies: { mail: '550 5.7.1 no', rcpt: '250 ok' } })
    const connection = await connect()
    expect(kinds(await connection.send(envelopeFor(['a@example.net']), mail))).toEqual(['refused mail'])
    expect(connection.usable).toBe(false)
    expect(peer.messages).toHaveLength(0)
  })

  it('sends a single dot if DATA is accepted although every recipient was refused', async () => {
    const { peer, connect } = await setUp({ replies: { rcpt: '550 5.1.1 no such user' } })
    const connection = await connect()
    expect(kinds(await connection.send(envelopeFor(['a@example.net']), mail))).toEqual(['refused rcpt'])
    expect(peer.messages[0]?.data.length).toBe(0)
    expect(connection.usable).toBe(true)
  })

  it('marks a connection that was lost before any reply as silent', async () => {
    const { connect, peer } = await setUp()
    const connection = await connect()
    await connection.send(envelopeFor(['a@example.net']), mail)
    peer.change({ moods: { mail: 'disconnect' } })
    const [result] = await connection.send(envelopeFor(['b@example.net']), mail)
    expect(result).toMatchObject({ kind: 'lost', phase: 'mail', silent: true })
  })

  it('marks a connection that was lost at RSET as silent', async () => {
    for (const extensions of [['PIPELINING'], []]) {
      const { connect, peer } = await setUp({ extensions })
      const connection = await connect()
      await connection.send(envelopeFor(['permfail-rcpt@example.net']), mail)
      peer.change({ moods: { rset: 'closing' } })
      const [result] = await connection.send(envelopeFor(['b@example.net']), mail)
      expect(result).toMatchObject({ kind: 'lost', phase: 'mail', silent: true })
      expect(connection.usable).toBe(false)
    }
  })

  it('stops if the peer refuses the message before its end', async () => {
    const { connect, peer } = await setUp()
    const connection = await connect()
    // The message never ends: only the early refusal stops it.
    const endless = { ...mail, inline: null, open: () => Readable.from(endlessLines()) }
    peer.change({ replies: { data: '354 go\r\n552 5.3.4 too much' } })
    const [result] = await connection.send(envelopeFor(['a@example.net']), endless)
    expect(result).toMatchObject({ kind: 'refused', reply: { code: 552 } })
    expect(connection.usable).toBe(false)
  })

  it('sends no final dot if the message cannot be read', async () => {
    const { connect, peer } = await setUp()
    const connection = await connect()
    const broken = {
      ...mail,
      inline: null,
      open: () =>
        new Readable({
          read() {
            this.push('half a mail\r\n')
            this.destroy(new Error('EIO'))
          },
        }),
    }
    expect(await connection.send(envelopeFor(['a@example.net']), broken)).toEqual([
      { kind: 'unreadable', cause: 'EIO' },
    ])
    expect(connection.usable).toBe(false)
    expect(peer.messages).toHaveLength(0)
  })
})

async function* endlessLines() {
  for (;;) yield Buffer.from('x'.repeat(998) + '\r\n')
}
