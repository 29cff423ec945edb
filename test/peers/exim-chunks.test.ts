// Exim sends by BDAT to a whole node, with commands and chunks in one segment.

import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ensurePeers } from '../lib/peers/ensure.ts'
import { createExim, type Exim } from '../lib/peers/exim.ts'
import type { SmtpPeer } from '../lib/smtp-peer.ts'
import { until } from '../lib/until.ts'
import { startWorld, type WholeNode, type World } from '../lib/whole-node.ts'

const SIZE = 2_000_000

describe.runIf(ensurePeers(['exim']))('Exim', () => {
  let world: World
  let node: WholeNode
  let host: SmtpPeer
  let exim: Exim
  beforeAll(async () => {
    world = await startWorld()
    host = await world.destination('far.example')
    node = await world.node({ role: 'srs', yaml: { limits: { message_size: `${SIZE}` } } })
    exim = createExim(node)
  })
  afterAll(async () => {
    exim.remove()
    await world.close()
  })

  const mail = (subject: string, body: string) => `From: ann@sender.example\nSubject: ${subject}\n\n${body}`
  const bodyOf = (subject: string) => {
    const found = host.messages.find(({ data }) => data.includes(`\r\nSubject: ${subject}\r\n`))
    return found?.data.toString('latin1').split('\r\n\r\n').slice(1).join('\r\n\r\n')
  }

  it('sends messages of all kinds in chunks, and refused ones cost only themselves', async () => {
    const bodies = {
      dots: '.\n..\n.x\nMAIL FROM:<evil@example.net>\n\n.\n',
      empty: '',
      large: 'a line of a long body\n.\n'.repeat(40_000),
    }
    const too = 'x'.repeat(70).concat('\n').repeat(40_000)
    exim.queue('ann@sender.example', 'kim@example.org', mail('dots', bodies.dots))
    exim.queue('ann@sender.example', 'unknown@example.org', mail('unknown', bodies.large))
    exim.queue('ann@sender.example', 'kim@example.org', mail('empty', bodies.empty))
    exim.queue('ann@sender.example', 'kim@example.org', mail('too-large', too))
    exim.queue('ann@sender.example', 'kim@example.org', mail('large', bodies.large))
    const dialogue = exim.send()
    expect(dialogue).toMatch(/SMTP.> BDAT \d+/)
    expect(dialogue).not.toMatch(/SMTP.> DATA/)
    await until(() => host.messages.length === 3, { what: 'the messages to arrive', timeout: 20_000 })
    for (const [subject, body] of Object.entries(bodies)) expect(bodyOf(subject)).toBe(body.replaceAll('\n', '\r\n'))
    expect(exim.log()).toMatch(/unknown@example\.org .*4\.1\.1/)
    expect(exim.log()).toMatch(/\*\* kim@example\.org .*552 5\.3\.4/)
    expect(exim.log()).not.toContain('closed connection')
    expect(exim.log().match(/=> kim@example\.org .*C="250 2\.0\.0 Ok: queued as/g)).toHaveLength(3)
  }, 60_000)
})
