// The host of an srs node fails while mail waits on it. A second srs node takes new mail; what waits is on the disk of the first one. The
// second one starts just before, so that all the mail of before waits on the first one.

import { parse } from 'yaml'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { publicKeyDigest } from '../../lib/public-key-digest.ts'
import { deferredAt } from '../deferred-at.ts'
import { hostAddresses, nodeAddresses } from '../demo-addresses.ts'
import { ARRIVAL_TIMEOUT_MS } from '../environment.ts'
import { DOMAIN, type Fleet, type NodeYaml, SRS_DOMAIN } from '../fleet.ts'
import { until } from '../until.ts'
import type { Break } from './break.ts'

const NAME = 'srs-02'
const ADDRESS = '127.0.1.5'
const HOST = `${NAME}.${DOMAIN}`
const people = ['ines', 'juno', 'lara', 'nora', 'ravi', 'timo'] as const

export const nodeLost: Break = {
  kind: 'node-lost',
  about: 'the host of an srs node has failed, and mail waits on its disk',
  page: 'docs/how-to/when-a-node-is-lost.md',
  // With a second srs node, the mail of other kinds may wait on either.
  isAlone: true,
  prepare: ({ fleet, dns }) => {
    dns.zone.set(HOST, { A: ADDRESS })
    dns.zone.set(SRS_DOMAIN, {
      ...dns.zone.get(SRS_DOMAIN),
      TXT: `v=spf1 ip4:${nodeAddresses.srs} ip4:${ADDRESS} -all`,
    })
    addSecondSrs(fleet)
  },
  run: async (stage) => {
    const { fleet, post, startHost } = stage
    const refusal = { at: 'mail', code: 451, lines: () => ['4.3.2 please try again later'] } as const
    const host = await startHost({ name: 'mx.post.example.edu', address: hostAddresses.failing, refusal })
    for (const name of people)
      await post.fromAnn({ to: `${name}@example.org`, mailbox: mailboxOf(name), subject: 'Before' })
    await until(async () => (await deferredAt(fleet, 'srs')) === people.length, ARRIVAL_TIMEOUT_MS)
    await fleet.startNode(NAME)
    await fleet.kill('srs')
    host.refuse(null)
    await post.fromAnn({ to: 'kim@example.org', mailbox: 'kim@home.example.net', subject: 'After' })
    return {
      report: [
        'Ines and Nora write: we wait for mail that Ann sent an hour ago.',
        'Ann writes: my server says that your server has accepted it. What I send now arrives.',
      ],
      commands: [`status -c ${fleet.configOf('mx')}`, `trace ines@example.org -c ${fleet.configOf('mx')}`],
      look: () => post.missing(),
    }
  },
}

function mailboxOf(name: (typeof people)[number]): string {
  return `${name}@${name === 'ines' || name === 'nora' ? 'post.example.edu' : 'inbox.example.net'}`
}

/** The same as the first one, with its own name, address, key and data; the other nodes prefer neither. */
function addSecondSrs(fleet: Fleet): void {
  const issued = fleet.authority.issue({ names: [HOST], ips: [ADDRESS] })
  const file = (end: string) => join(fleet.folder, `${NAME}.${end}`)
  writeFileSync(file('pem'), issued.certificate)
  writeFileSync(file('key'), issued.key, { mode: 0o600 })
  const first: NodeYaml = parse(readFileSync(fleet.configOf('srs'), 'utf8'))
  fleet.configure(NAME, () => ({
    ...first,
    hostname: HOST,
    data: file('data'),
    listen: { smtp: `${ADDRESS}:${fleet.ports.smtp}` },
    tls: { ...(first['tls'] as object), certificate: file('pem'), key: file('key') },
    delivery: { ...(first['delivery'] as object), source: { ipv4: ADDRESS } },
  }))
  const peer = { host: `${HOST}:${fleet.ports.smtp}`, fingerprints: [publicKeyDigest(issued.certificate)] }
  for (const node of [...Object.keys(nodeAddresses), NAME])
    fleet.configure(node, (yaml) => {
      const peers = yaml['peers'] as Readonly<Record<string, readonly unknown[]>>
      return { ...yaml, peers: { ...peers, srs: [...(peers['srs'] ?? []), peer] } }
    })
}
