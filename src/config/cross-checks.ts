// Checks that need two sections, or a section and the role: missing keys that the role needs, and unsafe combinations.
// Checks within a section are in its file; checks within a role are in role-file.ts. Together they keep a node from being an open relay.

import { isLoopbackAddress } from '../lib/ip-address.ts'
import { MOST_PROBE_HOST } from '../smtp/probe-token.ts'
import { domainOf } from '../smtp/mailbox.ts'
import type { Config } from './config.ts'
import { checkPorts, type ListenerConfig } from './listeners.ts'
import type { Report } from './problem.ts'

type Check = (config: Config, report: Report) => void

/** Runs every check. The values of the sections are valid by themselves. */
export function checkSections(config: Config, report: Report): void {
  for (const check of checks) check(config, report)
}

function listenersAdmitting({ listeners }: Config, client: ListenerConfig['admit'][number]): ListenerConfig[] {
  return listeners.filter(({ admit }) => admit.includes(client))
}

const usersNeedPasswords: Check = (config, report) => {
  const { ldap, sql } = config.directory
  const hasPasswords = config.users !== undefined || ldap !== null || sql?.users !== undefined
  if (listenersAdmitting(config, 'users').length > 0 && !hasPasswords)
    report(
      ['users'],
      `found nothing, expected a passwd-file, or a directory with passwords: the role ${config.role.role} admits users`,
    )
}

const machinesNeedTheirFile: Check = (config, report) => {
  if (listenersAdmitting(config, 'machines').length > 0 && config.machines === undefined)
    report(
      ['machines'],
      `found nothing, expected a YAML file of machines: the role ${config.role.role} admits machines`,
    )
}

const localMeansLoopback: Check = (config, report) => {
  for (const { name, host } of listenersAdmitting(config, 'local'))
    if (!isLoopbackAddress(host))
      report(
        ['listen', name],
        `found ${host}, expected a loopback address: this listener trusts every program that can connect to it`,
      )
}

/** Behind a balancer every client of it would look like a program of this host. */
const localHasNoBalancer: Check = (config, report) => {
  for (const listener of listenersAdmitting(config, 'local'))
    for (const key of ['proxy', 'xclient'] as const)
      if (listener[key].length > 0)
        report(
          ['listen', listener.name, key],
          'found hosts that name other clients, expected none: this listener trusts every client as a program of this host',
        )
}

const listenersNeedTls: Check = ({ listeners, tls }, report) => {
  const listener = listeners.find((one) => one.tls === 'implicit' || one.tls === 'starttls-required')
  if (listener && !tls)
    report(['tls'], `found nothing, expected a certificate and a key: the listener ${listener.name} requires TLS`)
}

const peersNeedProofs: Check = (config, report) => {
  for (const listener of listenersAdmitting(config, 'peers').filter(({ admit }) => !admit.includes('internet'))) {
    const roles = listener.peers.length > 0 ? listener.peers : Object.keys(config.peers)
    const known = roles
      .flatMap((role) => config.peers[role] ?? [])
      .some(({ addresses, fingerprints }) => addresses.length + fingerprints.length > 0)
    if (!known)
      report(
        ['peers'],
        `found no peer of ${roles.join(', ') || 'any role'} with addresses or fingerprints, expected at least one: the listener ${listener.name} admits only peers`,
      )
  }
}

const relayNeedsPeers: Check = ({ role, peers }, report) => {
  const { own, forwards } = role.recipients
  if (own === 'relay-to-mx' && !peers.mx?.length)
    report(
      ['peers', 'mx'],
      `found nothing, expected the mx nodes: the role ${role.role} relays mail for our domains to them`,
    )
  if (own === 'relay-to-mta' && !peers.mta?.length)
    report(['peers', 'mta'], `found nothing, expected the mta nodes: the role ${role.role} relays all mail to them`)
  if (own === 'resolve' && forwards === 'relay-to-srs' && !peers.srs?.length)
    report(['peers', 'srs'], `found nothing, expected the srs nodes: the role ${role.role} relays forwards to them`)
}

/** The mta nodes admit a host by its certificate, and no other next hop gets mail. */
const clientNeedsCertificate: Check = ({ role, tls, smarthost }, report) => {
  if (role.recipients.own !== 'relay-to-mta') return
  if (!tls)
    report(['tls'], `found nothing, expected a certificate and a key: the mta nodes admit this host by its certificate`)
  if (smarthost !== undefined)
    report(['smarthost'], `found a next hop, expected none: the role ${role.role} relays all mail to peers.mta`)
}

/** The node submits what it finds to its own listener. */
const dropNeedsListener: Check = (config, report) => {
  if (config.drop && listenersAdmitting(config, 'local').length === 0)
    report(['drop'], `found a directory, expected none: the role ${config.role.role} has no listener that admits local`)
}

const socketNeedsUsers: Check = (config, report) => {
  if (config.submission_socket && listenersAdmitting(config, 'users').length === 0)
    report(['submission_socket'], `found a socket, expected none: the role ${config.role.role} admits no users`)
}

const localNamesNeedCheck: Check = ({ role, local_names: { rewrite, domain, hosts } }, report) => {
  if (role.checks.includes('local-names')) return
  if (rewrite || domain !== undefined || hosts.length > 0)
    report(['local_names'], `found names, expected none: the role ${role.role} does not have the check local-names`)
}

const srsRoleNeedsSecrets: Check = ({ role, srs }, report) => {
  if ((role.srs.reverse || role.srs.rewrite) && !srs)
    report(
      ['srs'],
      `found nothing, expected a domain and secrets: the role ${role.role} ${role.srs.rewrite ? 'rewrites senders' : 'reverses SRS addresses'}`,
    )
}

const resolvingNeedsData: Check = ({ role, hiera, mail, directory }, report) => {
  const resolves = role.recipients.own === 'resolve' && role.recipients.relay.length === 0
  if (resolves && hiera === undefined && mail.length === 0 && !directory.ldap && !directory.sql)
    report(['hiera'], `found nothing, expected hiera, mail or directory: the role ${role.role} resolves recipients`)
}

const signaturesNeedKeys: Check = ({ role, dkim, arc }, report) => {
  if (role.sign === 'proven-origin' && !dkim)
    report(['dkim'], `found nothing, expected { keys: directory }: the role ${role.role} signs`)
  if (arc.seal && !dkim)
    report(['arc', 'seal'], 'found true, expected false without dkim: { keys: directory }: ARC seals use these keys')
}

const spamFilterNeedsCheck: Check = ({ role, rspamd, score }, report) => {
  if (role.checks.includes('spam')) return
  const cause = `the role ${role.role} does not have the check spam`
  if (rspamd) report(['rspamd'], `found a spam filter, expected none: ${cause}`)
  if (score) report(['score'], `found a spam score, expected none: ${cause}`)
}

/** A node that admits only users and machines would ask rspamd about nothing without the key. */
const outgoingSpamNeedsFilter: Check = (config, report) => {
  const { outgoing_spam: outgoing, rspamd, role } = config
  const clients = listenersAdmitting(config, 'users').length + listenersAdmitting(config, 'machines').length
  if (outgoing && !rspamd) report(['outgoing_spam'], 'found nothing to ask, expected rspamd: { urls: … }')
  if (outgoing && clients === 0)
    report(
      ['outgoing_spam'],
      `found a spam check of users and machines, expected none: the role ${role.role} admits neither`,
    )
  if (outgoing && !role.checks.includes('spam'))
    report(['outgoing_spam'], `found a spam check, expected none: the role ${role.role} does not have the check spam`)
  if (rspamd && !outgoing && listenersAdmitting(config, 'internet').length === 0 && role.checks.includes('spam'))
    report(
      ['rspamd'],
      `found a spam filter without outgoing_spam, expected both: the role ${role.role} admits no mail from the internet`,
    )
}

const virusScannerNeedsCheck: Check = ({ role, clamav }, report) => {
  if (clamav && !role.checks.includes('virus'))
    report(['clamav'], `found a virus scanner, expected none: the role ${role.role} does not have the check virus`)
}

const listsNeedCheck: Check = ({ role, dnsbl }, report) => {
  if (dnsbl && !role.checks.includes('dnsbl'))
    report(['dnsbl'], `found lists, expected none: the role ${role.role} does not have the check dnsbl`)
}

const greylistNeedsCheck: Check = ({ role, greylist }, report) => {
  if (greylist && !role.checks.includes('greylist'))
    report(['greylist'], `found a greylist, expected none: the role ${role.role} does not have the check greylist`)
}

const autoconfigNeedsUsers: Check = ({ autoconfig, listeners, tls }, report) => {
  if (!autoconfig) return
  if (!listeners.some(({ admit, tls: level }) => admit.includes('users') && level !== 'none'))
    report(['autoconfig'], 'found a section for mail programs, expected a role with a listener for users with TLS')
  if (autoconfig.listen && !tls)
    report(['tls'], 'found nothing, expected a certificate and a key: autoconfig.listen is an HTTPS listener')
}

const selfServiceNeedsPeople: Check = ({ self_service: page, listeners, tls, directory }, report) => {
  if (!page) return
  if (!listeners.some(({ admit }) => admit.includes('users')))
    report(['self_service'], 'found a page for people, expected a role with a listener for users')
  if (!tls) report(['tls'], 'found nothing, expected a certificate and a key: self_service.listen is an HTTPS listener')
  if (page.ldap && !directory.ldap) report(['self_service', 'ldap'], 'found ldap, expected directory.ldap beside it')
  if (page.ldap?.change === 'modify' && directory.ldap?.passwords === 'bind')
    report(
      ['self_service', 'ldap', 'change'],
      'found modify with directory.ldap.passwords: bind, expected password-modify: the server checks the passwords, so it makes the hashes',
    )
}

/** A node that transfers its queue speaks for our users, so its certificate must be known. */
const transferNeedsProofs: Check = ({ queue_transfer: transfer, fleet_view: view, peers, tls }, report) => {
  if (!transfer) return
  for (const [index, named] of transfer.peers.entries())
    if (!hasProof(peers, named))
      report(
        ['queue_transfer', 'peers', index],
        `found ${named}, expected a role or a host of peers with fingerprints: a certificate proves which node transfers its queue`,
      )
  if (transfer.peers.length === 0 && (view?.peers ?? []).length === 0)
    report(
      ['queue_transfer', 'peers'],
      'found none, expected a role or a host of peers, or peers in fleet_view: no node may use the listener',
    )
  if (!tls) report(['tls'], 'found nothing, expected a certificate and a key: queue_transfer is an HTTPS listener')
}

function hasProof(peers: Config['peers'], named: string): boolean {
  const nodes = peers[named] ?? Object.values(peers).flatMap((each) => each.filter(({ host }) => host === named))
  return nodes.some(({ fingerprints }) => fingerprints.length > 0)
}

const targetsNeedWebhooks: Check = ({ alerts, digest, webhooks }, report) => {
  const names = webhooks.map(({ name }) => name)
  const lists = { alerts: alerts?.webhooks ?? [], digest: digest?.webhooks ?? [] }
  const all = Object.entries(lists).flatMap(([key, each]) => each.map((one, index) => ({ key, index, wanted: one })))
  for (const { key, index, wanted } of all)
    if (!names.includes(wanted))
      report(
        [key, 'webhooks', index],
        `found ${wanted}, expected a name of webhooks (${names.join(', ') || 'none yet'})`,
      )
}

/** Status and traces have names and addresses of people, so only a known certificate may ask for them. */
const viewNeedsProofs: Check = ({ fleet_view: view, queue_transfer: transfer, peers }, report) => {
  if (!view) return
  for (const [index, named] of view.search.entries())
    if (!mayView(view.peers, peers, named))
      report(
        ['fleet_view', 'search', index],
        `found ${named}, expected one of fleet_view.peers: a role, a host or a name`,
      )
  if (view.peers.length === 0) return
  for (const [index, named] of view.peers.entries())
    if (typeof named === 'string' && !hasProof(peers, named))
      report(
        ['fleet_view', 'peers', index],
        `found ${named}, expected a role or a host of peers with fingerprints, or { name, fingerprints }: a certificate proves who asks`,
      )
  if (!transfer)
    report(['fleet_view', 'peers'], 'found nodes that may ask, expected queue_transfer.listen: the node answers there')
}

/** Whether an entry of `peers` names it, or the role of it. */
function mayView(viewers: NonNullable<Config['fleet_view']>['peers'], peers: Config['peers'], named: string): boolean {
  const hosts = (peers[named] ?? []).map(({ host }) => host)
  const roles = Object.keys(peers).filter((role) => peers[role]?.some(({ host }) => host === named))
  return viewers.some((one) =>
    typeof one === 'string' ? one === named || hosts.includes(one) || roles.includes(one) : one.name === named,
  )
}

const loginsNeedClients: Check = ({ delivery, oauth_clients: clients }, report) => {
  const names = Object.keys(clients).join(', ') || 'none yet'
  for (const [key, { oauth }] of Object.entries(delivery.destinations))
    if (oauth !== undefined && clients[oauth] === undefined)
      report(['delivery', 'destinations', key, 'oauth'], `found ${oauth}, expected a name of oauth_clients (${names})`)
}

const reportsNeedMail: Check = (config, report) => {
  if (!config.reports) return
  if (config.role.recipients.own !== 'resolve' || listenersAdmitting(config, 'internet').length === 0)
    report(
      ['reports'],
      `found addresses, expected none: the role ${config.role.role} takes no mail from the internet for our domains`,
    )
}

/** Receivers take a report only if DMARC passes for its author (RFC 9990 3.5.2). */
const sentReportsNeedKeys: Check = ({ reports, role, dkim, domain }, report) => {
  const send = reports?.send
  if (!send) return
  const from = domainOf(send.from).toLowerCase()
  if (!role.checks.includes('authentication-results'))
    report(['reports', 'send'], `found reports to send, expected none: the role ${role.role} verifies no mail`)
  if (!dkim)
    report(['reports', 'send'], 'found reports to send, expected dkim: { keys: … } beside it: reports are signed')
  if (from !== domain && !from.endsWith(`.${domain}`))
    report(['reports', 'send', 'from'], `found ${send.from}, expected an address in ${domain} or below it`)
}

/** Only a node that takes mail of the internet for our domains sees its probes come back. */
const probesNeedAWayBack: Check = (config, report) => {
  const { probe, role, hostname } = config
  if (!probe) return
  if (hostname.length > MOST_PROBE_HOST)
    report(
      ['hostname'],
      `found ${hostname.length} characters, expected at most ${MOST_PROBE_HOST} with the section probe`,
    )
  if (role.recipients.own === 'resolve' && listenersAdmitting(config, 'internet').length > 0) return
  for (const { name } of probe.targets.filter(({ until }) => until === 'arrived'))
    report(
      ['probe', 'targets', name, 'until'],
      `found arrived, expected accepted: the role ${role.role} takes no mail from the internet for our domains`,
    )
}

const checks: readonly Check[] = [
  probesNeedAWayBack,
  sentReportsNeedKeys,
  reportsNeedMail,
  usersNeedPasswords,
  machinesNeedTheirFile,
  localMeansLoopback,
  localHasNoBalancer,
  peersNeedProofs,
  relayNeedsPeers,
  clientNeedsCertificate,
  localNamesNeedCheck,
  dropNeedsListener,
  socketNeedsUsers,
  srsRoleNeedsSecrets,
  resolvingNeedsData,
  signaturesNeedKeys,
  autoconfigNeedsUsers,
  selfServiceNeedsPeople,
  transferNeedsProofs,
  viewNeedsProofs,
  targetsNeedWebhooks,
  spamFilterNeedsCheck,
  outgoingSpamNeedsFilter,
  virusScannerNeedsCheck,
  listsNeedCheck,
  greylistNeedsCheck,
  loginsNeedClients,
  checkPorts,
  listenersNeedTls,
]
