// Strangers connect from hundreds of addresses while the DNS lists of the node become silent. No mail is refused or waits for them.

import { testPointsOf } from '../lib/sample-dns-list.ts'
import type { Attack, AttackStage } from './attack.ts'
import { forwardingMx } from './forwarding-mx.ts'

/** Mail transactions up to RCPT at a time, each from another network: the sessions have places for all of them. */
const CLIENTS = 300
const LISTS = ['one.silent.test', 'two.quiet.test', 'three.mute.test']
/** Of the lists, ms. */
const TIMEOUT = '2s'

export const silentLists: Attack = {
  name: 'silent-lists',
  budgets: ['dnsQuestions', 'dnsWaiting'],
  what: 'strangers connect from many networks while three DNS lists are silent; the node refuses no client because of them',
  prepare: (world) => {
    for (const list of LISTS) for (const [name, entry] of testPointsOf(list)) world.dns.zone.set(name, entry)
    const own = LISTS.map((zone, number) => ({
      name: `list-${number}`,
      zone,
      kinds: ['ip4', 'domain'],
      answers: [{ answer: '127.0.0.2', points: 5, meaning: 'spam' }],
    }))
    return forwardingMx(world, { yaml: { dnsbl: { own, timeout: TIMEOUT } } })
  },
  run: async (stage) => {
    for (let turn = 0; turn < stage.scale; turn++) {
      const clients = Array.from({ length: CLIENTS }, (_, number) => greet(stage, turn * CLIENTS + number))
      // The test points too, so that a test cannot pass again.
      for (const list of LISTS)
        for (const [name] of testPointsOf(list)) stage.world.dns.zone.set(name, { fail: 'TIMEOUT' })
      await Promise.all(clients)
    }
  },
}

/** Throws if the node refuses the recipient for good. */
async function greet({ world, connect, stranger }: AttackStage, number: number): Promise<void> {
  const address = stranger(number)
  const reversed = address.split('.').toReversed().join('.')
  for (const list of LISTS)
    for (const name of [reversed, `s${number}.example`]) world.dns.zone.set(`${name}.${list}`, { fail: 'TIMEOUT' })
  const client = await connect(address)
  try {
    await client.expect(null, '220')
    await client.expect(`EHLO s${number}.example`, '250')
    await client.expect(`MAIL FROM:<eve@s${number}.example>`, '250')
    client.send('RCPT TO:<kim@example.org>')
    const { code, text } = await client.reply()
    if (code >= 500) throw new Error(`refused because of a silent list: ${code} ${text}`)
  } finally {
    client.end()
  }
}
