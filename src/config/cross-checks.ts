// What no schema can say: keys that a role needs, and combinations that would make a node unsafe. Each finding has a place.
// "Never an open relay" is decided here: whoever may relay has to have proven himself in a way that cannot be guessed.

import { isIP } from 'node:net'
import { isLoopbackAddress } from '../lib/ip-address.ts'
import { parseNextHop } from '../smtp/nexthop.ts'
import type { Config, ListenerConfig } from './config.ts'
import { checkBounce } from './delivery-cross-checks.ts'
import { checkDirectory, directoryHasPasswords } from './directory-cross-checks.ts'
import { checkData, checkListening } from './listen-cross-checks.ts'
import type { Problem, Report } from './problem.ts'
import { checkQueue } from './queue-cross-checks.ts'
import { checkRspamd } from './rspamd-cross-checks.ts'
import type { YamlSource } from './yaml-source.ts'

/** Widest networks a peer may be known by: peers are hosts of ours, and a wide range admits strangers. */
const WIDEST_PEER = { 4: 24, 6: 64 } as const

type Rule = (config: Config, report: Report) => void

/** Runs every rule over a configuration whose single values are already right. */
export function checkMeaning(source: YamlSource, config: Config, facts: { readonly tlsWanted: boolean }): Problem[] {
  const problems: Problem[] = []
  const report: Report = (path, message) => problems.push(source.at(path, message))
  for (const rule of rules) rule(config, report)
  if (!facts.tlsWanted) needTls(config, report)
  return problems
}

const needTls: Rule = (config, report) => {
  const listener = config.listeners.find((one) => one.tls === 'implicit' || one.tls === 'starttls-required')
  if (listener)
    report(
      [],
      `tls: found nothing, expected a certificate and a key: the listener ${listener.name} admits nobody without TLS`,
    )
}

const admissionNeedsProof: Rule = (config, report) => {
  const admits = (what: ListenerConfig['admit'][number]) => config.listeners.filter((one) => one.admit.includes(what))
  if (admits('people').length > 0 && config.users === undefined && !directoryHasPasswords(config))
    report(
      [],
      `users: found nothing, expected a passwd-file or a directory with passwords: the role ${config.role.role} admits people`,
    )
  if (admits('machines').length > 0 && config.machines === undefined)
    report(
      [],
      `machines: found nothing, expected a YAML file of machines: the role ${config.role.role} admits machines`,
    )
  for (const listener of [...admits('people'), ...admits('machines')]) {
    if (listener.tls === 'none' || listener.tls === 'starttls')
      report(
        ['role'],
        `role: found tls: ${listener.tls} at the listener ${listener.name}, expected implicit or starttls-required where people or machines prove who they are`,
      )
  }
  for (const listener of admits('local')) {
    if (!isLoopbackAddress(listener.host))
      report(
        ['listen', listener.name],
        `listen.${listener.name}: found ${listener.host}, expected a loopback address: this listener trusts every program that reaches it`,
      )
  }
}

/** Whoever logs in is vouched for by us, here with a signature or at the next node by its trust: so his names have to be his (RFC 6409 6.1, 8.1). */
const namesAreOwned: Rule = (config, report) => {
  const { checks } = config.role
  if (checks.includes('sender') && checks.includes('author')) return
  for (const who of ['people', 'machines'] as const) {
    const listener = config.listeners.find((one) => one.admit.includes(who))
    if (listener)
      report(
        ['role'],
        `role: found checks: ${checks.join(', ')}, expected sender and author among them: the listener ${listener.name} admits ${who}, and our signature or word would stand behind whatever name they write`,
      )
  }
}

const peersAreKnown: Rule = (config, report) => {
  for (const listener of config.listeners.filter(
    (one) => one.admit.includes('peers') && !one.admit.includes('internet'),
  )) {
    const roles = listener.peers.length > 0 ? listener.peers : Object.keys(config.peers)
    const proofs = roles
      .flatMap((role) => config.peers[role] ?? [])
      .filter((peer) => peer.addresses.length + peer.fingerprints.length > 0)
    if (proofs.length === 0)
      report(
        ['peers'],
        `peers: found no peer of ${roles.join(', ') || 'any role'} with addresses or fingerprints, expected at least one: the listener ${listener.name} admits nobody else`,
      )
  }
  for (const [role, peers] of Object.entries(config.peers)) {
    for (const [index, peer] of peers.entries()) {
      for (const address of peer.addresses.filter(tooWide))
        report(
          ['peers', role, index, 'addresses'],
          `peers.${role}: found the network ${address}, expected at most /${WIDEST_PEER[4]} (IPv4) or /${WIDEST_PEER[6]} (IPv6): peers may speak for our users`,
        )
    }
  }
}

const handOverNeedsPeers: Rule = (config, report) => {
  const { own, forwards } = config.role.recipients
  if (own === 'hand-over' && !config.peers.mx?.length)
    report(
      ['peers'],
      `peers.mx: found nothing, expected the mx nodes: the role ${config.role.role} hands our own domains over to them`,
    )
  if (own === 'resolve' && forwards === 'hand-over' && !config.peers.srs?.length)
    report(
      ['peers'],
      `peers.srs: found nothing, expected the srs nodes: the role ${config.role.role} hands forwards over to them`,
    )
}

const srsNeedsSecrets: Rule = (config, report) => {
  if ((config.role.srs.reverse || config.role.srs.rewrite) && !config.srs)
    report(
      [],
      `srs: found nothing, expected a domain and secrets: the role ${config.role.role} ${config.role.srs.rewrite ? 'rewrites senders' : 'turns bounces back'}`,
    )
  // Else the node would not believe what it wrote itself.
  if (config.srs && config.srs.hash_minimum > config.srs.hash_length)
    report(
      ['srs', 'hash_minimum'],
      `srs.hash_minimum: found ${config.srs.hash_minimum}, expected at most hash_length (${config.srs.hash_length})`,
    )
}

const resolvingNeedsData: Rule = (config, report) => {
  const resolves = config.role.recipients.own === 'resolve' && config.role.recipients.relay.length === 0
  const hasSource = config.directory.ldap !== null || config.directory.sql !== null
  if (resolves && config.hiera === undefined && config.mail.length === 0 && !hasSource)
    report(
      [],
      `hiera: found nothing, expected hiera, mail or directory: the role ${config.role.role} resolves recipients`,
    )
}

const signingNeedsKeys: Rule = (config, report) => {
  if (config.role.sign === 'earned' && !config.dkim)
    report([], `dkim: found nothing, expected { keys: directory }: the role ${config.role.role} signs`)
}

const sealingNeedsKeys: Rule = (config, report) => {
  if (config.arc.seal && !config.dkim)
    report(['arc', 'seal'], 'arc.seal: found true, expected false without dkim: { keys: directory }, whose keys seal')
}

const nextHopsAreReadable: Rule = (config, report) => {
  if (config.smarthost !== undefined && !parseNextHop(config.smarthost))
    report(
      ['smarthost'],
      `smarthost: found "${config.smarthost}", expected a next hop such as smtp:[relay.example.net]:587 or mx:example.net`,
    )
}

/** Whoever hands over speaks for our users: known by certificate only. */
const handoverIsProven: Rule = (config, report) => {
  if (!config.handover) return
  const roles = config.handover.peers ?? Object.keys(config.peers)
  const known = roles.flatMap((role) => config.peers[role] ?? []).some((peer) => peer.fingerprints.length > 0)
  if (!known)
    report(
      ['handover'],
      `handover: found no peer of ${roles.join(', ') || 'any role'} with fingerprints, expected at least one: nobody could hand over`,
    )
  if (!config.tls)
    report(['handover'], 'handover: found no tls, expected the certificate that other nodes know this one by')
}

const adminStaysHome: Rule = (config, report) => {
  if (config.admin && !config.admin.allow_remote && !isLoopbackAddress(config.admin.listen.host))
    report(
      ['admin', 'listen'],
      `admin.listen: found ${config.admin.listen.host}, expected a loopback address (or allow_remote: true)`,
    )
}

/** Whoever relays must be told apart from strangers: an origin class without a way to earn it is a mistake in the role. */
const relayIsEarned: Rule = (config, report) => {
  const way = { peer: 'peers', user: 'people', machine: 'machines', local: 'local' } as const
  for (const origin of config.role.recipients.relay) {
    if (origin !== 'local' && !config.listeners.some((one) => one.admit.includes(way[origin])))
      report(['role'], `role: found recipients.relay: ${origin}, expected a listener that admits ${way[origin]}`)
  }
  const mixed = config.listeners.find((one) => one.admit.includes('internet') && one.admit.includes('local'))
  if (mixed)
    report(['role'], `role: found the listener ${mixed.name} admitting both internet and local, expected two listeners`)
}

const rules: readonly Rule[] = [
  admissionNeedsProof,
  namesAreOwned,
  peersAreKnown,
  handOverNeedsPeers,
  srsNeedsSecrets,
  resolvingNeedsData,
  signingNeedsKeys,
  sealingNeedsKeys,
  nextHopsAreReadable,
  adminStaysHome,
  handoverIsProven,
  checkDirectory,
  relayIsEarned,
  checkBounce,
  checkRspamd,
  checkListening,
  checkData,
  checkQueue,
]

function tooWide(cidr: string): boolean {
  const [address, prefix] = cidr.split('/') as [string, string]
  return Number(prefix) < WIDEST_PEER[isIP(address) as 4 | 6]
}
