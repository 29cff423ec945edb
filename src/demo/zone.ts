// The DNS zone of the demonstration: the organisation, the providers it forwards to, an external sender and a forger.

import { forgerAddress, hostAddresses, nodeAddresses, externalAddress } from './demo-addresses.ts'
import type { NodeName } from './demo-addresses.ts'
import type { Zone } from './authority.ts'
import { DOMAIN, hostOf, SRS_DOMAIN } from './fleet.ts'
import type { Fleet } from './fleet.ts'

const outgoing = `ip4:${nodeAddresses.srs} ip4:${nodeAddresses.submission} ip4:${nodeAddresses.mta}`

export function demoZone(fleet: Pick<Fleet, 'dkimRecords'>): Zone {
  const nodes = (Object.keys(nodeAddresses) as NodeName[]).map(
    (name) => [hostOf(name), { A: nodeAddresses[name] }] as const,
  )
  return {
    ...Object.fromEntries(nodes),
    ...Object.fromEntries(fleet.dkimRecords.map((record) => [record.name, { TXT: [record.chunks] }])),
    [DOMAIN]: { MX: `10 ${hostOf('mx')}`, TXT: `v=spf1 ${outgoing} -all` },
    [`_dmarc.${DOMAIN}`]: { TXT: 'v=DMARC1; p=none; rua=mailto:dmarc-reports@example.org' },
    [SRS_DOMAIN]: { MX: `10 ${hostOf('mx')}`, TXT: `v=spf1 ip4:${nodeAddresses.srs} -all` },
    [`_dmarc.${SRS_DOMAIN}`]: { TXT: 'v=DMARC1; p=reject' },
    'mx.friendly.example': { A: hostAddresses.accepting },
    'mx.post.example.edu': { A: hostAddresses.failing },
    'home.example.net': { MX: '10 mx.friendly.example' },
    'mail.example.com': { MX: '10 mx.friendly.example' },
    'post.example.edu': { MX: '10 mx.post.example.edu', TXT: `v=spf1 ip4:${hostAddresses.failing} -all` },
    'inbox.example.net': { MX: '10 mx.post.example.edu' },
    'stranger.example': { MX: '10 mx.friendly.example', TXT: `v=spf1 ip4:${externalAddress} -all` },
    '_dmarc.stranger.example': { TXT: 'v=DMARC1; p=none' },
    // PTR and A agree, so the mx can record the name of this client (forward-confirmed reverse DNS).
    [`${externalAddress.split('.').toReversed().join('.')}.in-addr.arpa`]: { PTR: 'mail.stranger.example' },
    'mail.stranger.example': { A: externalAddress, TXT: `v=spf1 ip4:${externalAddress} -all` },
    'forger.example': { A: forgerAddress, TXT: `v=spf1 ip4:${forgerAddress} -all` },
  }
}
