// Greylisting as a real sender sees it: Postfix gets the 451, keeps the mail, tries again by its own schedule and gets through.

import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ensurePeers } from '../lib/peers/ensure.ts'
import { type Postfix, startPostfix } from '../lib/peers/postfix.ts'
import { CHEAP, type RspamdPeer, startRspamd } from '../lib/peers/rspamd.ts'
import type { SmtpPeer } from '../lib/smtp-peer.ts'
import { until } from '../lib/until.ts'
import { startWorld, type WholeNode, type World } from '../lib/whole-node.ts'

const PATIENCE = 60_000
/** Shorter times let the queue manager meet its own delivery on a busy machine; it then skips the message for minutes. */
const schedule = { queue_run_delay: '5s', minimal_backoff_time: '5s', maximal_backoff_time: '5s' }
/** Five recipients go in three transactions. */
const division = { default_destination_recipient_limit: '2' }

async function startMx(world: World, yaml: Record<string, unknown>): Promise<WholeNode> {
  const host = String(world.dns.zone.get('mx.home.example')?.A)
  return world.node({
    role: 'mx',
    mail: {
      domains: ['example.org'],
      aliases: { list: 'kim' },
      transports: { 'kim@example.org': `smtp:[${host}]:${world.mxPort}` },
    },
    yaml: { peers: { srs: ['127.0.0.1:2599'] }, ...yaml },
  })
}

describe.runIf(ensurePeers(['postfix']))('Postfix', () => {
  let world: World
  let home: SmtpPeer
  let mx: WholeNode
  let postfix: Postfix

  beforeAll(async () => {
    world = await startWorld()
    home = await world.destination('home.example')
    mx = await startMx(world, { greylist: { delay: '3s' } })
    postfix = await startPostfix({ relayhost: `[${mx.address}]:${mx.port}`, main: { ...schedule, ...division } })
  })
  afterAll(async () => {
    await postfix.stop()
    await world.close()
  })

  const deliveries = () => postfix.log().match(/status=sent/g)?.length ?? 0

  it('is asked to come back, does so, and delivers; its next mail passes at once', {
    timeout: 2 * PATIENCE,
  }, async () => {
    postfix.sendmail('ann@stranger.example', ['list@example.org'], 'Subject: one\n\nbody\n')
    await until(() => postfix.log().includes('Greylisted, because this sender is new here'), {
      what: 'the deferral in the log of Postfix',
      timeout: PATIENCE,
    })
    expect(postfix.log()).toMatch(/dsn=4\.7\.1, status=deferred/)
    expect(home.messages).toHaveLength(0)
    await until(() => deliveries() === 1, { what: 'Postfix to deliver', timeout: PATIENCE })
    await until(() => home.messages.length === 1, { what: 'the message to arrive' })
    const checked = mx.ledger().find((one) => one.kind === 'checked' && one.check === 'greylist')
    expect(checked).toMatchObject({ result: 'came-back', detail: expect.stringMatching(/^came back after \d+ s/) })
    const deferrals = () => postfix.log().match(/status=deferred/g)?.length
    const before = deferrals()
    postfix.sendmail('bob@stranger.example', ['list@example.org'], 'Subject: two\n\nbody\n')
    await until(() => deliveries() === 2, { what: 'Postfix to deliver again', timeout: PATIENCE })
    expect(deferrals()).toBe(before)
  })

  it('divides many recipients by its own limit, and all of them arrive', { timeout: 2 * PATIENCE }, async () => {
    const recipients = Array.from({ length: 5 }, (_, n) => `list+${n}@example.org`)
    postfix.sendmail('ann@other.example', recipients, 'Subject: three\n\nbody\n')
    const arrived = () => home.messages.filter(({ data }) => data.includes('Subject: three')).length
    await until(() => arrived() > 0 && postfix.run('postqueue', '-p').includes('is empty'), {
      what: 'the queue of Postfix to be empty',
      timeout: PATIENCE,
    })
  })
})

describe.runIf(ensurePeers(['rspamd']))('rspamd', () => {
  let world: World
  let peer: RspamdPeer
  let mx: WholeNode

  beforeAll(async () => {
    peer = await startRspamd()
    world = await startWorld()
    await world.destination('home.example')
    mx = await startMx(world, {
      rspamd: { urls: [peer.url] },
      greylist: { delay: '1h', when: ['score'], points: 'none' },
    })
  })
  afterAll(async () => {
    await world.close()
    await peer.close()
  })

  const send = async (subject: string) => {
    const message = `From: Ann <ann@stranger.example>\r\nTo: kim@example.org\r\nSubject: ${subject}\r\nMessage-ID: <1@s.example>\r\n\r\nA mail.\r\n`
    return (await mx.send({ from: 'ann@stranger.example', to: ['list@example.org'], message })).reply
  }

  it('decides by its action, without Redis', async () => {
    expect(await send('Hello')).toMatch(/^250/)
    expect(await send(CHEAP.subject)).toMatch(/^451 4\.7\.1 Greylisted/)
  })
})
