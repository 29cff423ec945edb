// The DNS of a soak and its faults: it does not answer, answers SERVFAIL, or names mail hosts that are not there.

import { createSocket, type Socket } from 'node:dgram'
import { type Authority, startAuthority, type Zone } from '../../src/demo/authority.ts'
import { FAR_DOMAINS, OWN_DOMAIN, SRS_DOMAIN } from './mail-plan.ts'
import { HOST_NAMES, type SoakAddresses, type SoakFleet } from './soak-fleet.ts'

export interface SoakDns {
  readonly host: string
  readonly port: number
  add(zone: Zone): void
  /** Questions get no answer. */
  silence(): Promise<void>
  /** The far domains have a host that is not there, or SERVFAIL. */
  lie(): void
  /** The right answers again. */
  heal(): Promise<void>
  close(): Promise<void>
}

/** TTL of the mail hosts, s: a lie must not outlive its time by more. */
const HOST_TTL = 2
export const SENDERS_MX = 'mx.senders.example'

export async function startSoakDns(addresses: SoakAddresses): Promise<SoakDns> {
  const zone = hostZone(addresses)
  let authority: Authority | null = await startAuthority(zone)
  const { host, port } = authority
  let mute: Socket | null = null
  const set = (changes: Zone) => {
    for (const [name, entry] of Object.entries(changes)) authority?.zone.set(name, entry)
  }
  return {
    host,
    port,
    add: (more) => {
      Object.assign(zone, more)
      set(more)
    },
    silence: async () => {
      await authority?.close()
      authority = null
      const socket = createSocket('udp4')
      mute = socket
      await new Promise<void>((resolve, reject) => {
        socket.once('error', reject)
        socket.bind(port, host, resolve)
      })
    },
    lie: () => {
      const lies = FAR_DOMAINS.map((domain, place) =>
        place % 2 === 0
          ? ([`mx.${domain}`, { A: addresses.nothing, ttl: HOST_TTL }] as const)
          : ([domain, { fail: 'SERVFAIL', ttl: HOST_TTL }] as const),
      )
      set(Object.fromEntries(lies))
    },
    heal: async () => {
      const socket = mute
      mute = null
      if (socket) await new Promise<void>((resolve) => socket.close(() => resolve()))
      authority ??= await startAuthority(zone, { host, port })
      set(hostZone(addresses))
    },
    close: async () => {
      mute?.close()
      await authority?.close()
    },
  }
}

/** The records of the DKIM keys of the nodes. */
export function keyZone({ dkimRecords }: SoakFleet): Zone {
  return Object.fromEntries(dkimRecords.map(({ name, text }) => [name, { TXT: text }]))
}

function hostZone({ mx, srs, far, senders }: SoakAddresses): Zone {
  const ttl = HOST_TTL
  return {
    [OWN_DOMAIN]: { MX: `10 ${HOST_NAMES.mx}`, TXT: `v=spf1 ip4:${srs} ip4:${mx} -all` },
    [SRS_DOMAIN]: { MX: `10 ${HOST_NAMES.mx}`, TXT: `v=spf1 ip4:${srs} -all` },
    [HOST_NAMES.mx]: { A: mx },
    [HOST_NAMES.srs]: { A: srs },
    [SENDERS_MX]: { A: senders },
    ...Object.fromEntries(FAR_DOMAINS.map((domain) => [domain, { MX: `10 mx.${domain}`, ttl }])),
    ...Object.fromEntries(FAR_DOMAINS.map((domain, place) => [`mx.${domain}`, { A: far[place % 2] as string, ttl }])),
  }
}
