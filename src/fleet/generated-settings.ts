// The keys of node.yaml that a fleet file decides for a node, and those that complete it to a node that starts.

import { dirname, resolve } from 'node:path'
import { placeListeners } from '../config/listeners.ts'
import { listen } from '../config/sections/listen-section.ts'
import { peerPort } from '../smtp/nexthop.ts'
import type { Fleet, FleetNode, Settings } from './fleet-model.ts'
import { isMap, mergeSettings, withoutNulls } from './merge-settings.ts'
import { knowsRole, needsSrs } from './node-needs.ts'
import { servedPolicy } from './served-policy.ts'
import { viewSettings } from './view-settings.ts'

/** Files of a node in the folder of its node.yaml, if the settings name no others. */
const nodeFiles = {
  certificate: 'cert.pem',
  key: 'key.pem',
  /** Authorities of the certificates of all nodes. */
  ca: 'ca.pem',
  /** Routing data. */
  mail: 'mail.yaml',
  srsSecret: 'srs.secret',
  users: 'passwd',
  machines: 'machines.yaml',
  dkimKeys: 'dkim',
} as const

const DATA_DIRECTORY = '/var/lib/waypost'
/** Other hosts fetch policies at the usual port only (RFC 8461 3.3). */
const HTTPS_LISTENER = '*:443'

/** What the fleet file decides: the same keys in node.yaml must agree. */
export function decidedSettings(node: FleetNode, fleet: Fleet): Settings {
  const peers = peersOf(node, fleet)
  const srs = needsSrs(node.role) ? { srs: { domain: fleet.srsDomain } } : {}
  return mergeSettings(
    { role: node.writtenRole, hostname: node.hostname, domain: fleet.domain },
    {
      ...(Object.keys(peers).length > 0 && { peers }),
      ...srs,
      ...servedPolicy(node, fleet),
      ...viewSettings(node, fleet),
    },
    node.settings,
  )
}

/** The whole node.yaml of a node. */
export function nodeSettings(node: FleetNode, fleet: Fleet): Settings {
  const { role, hostname, domain, ...rest } = decidedSettings(node, fleet)
  return withoutNulls(mergeSettings({ role, hostname, domain }, usualFiles(node), usualPlace(rest), rest))
}

function usualFiles({ role }: FleetNode): Settings {
  const admits = (client: string) => Object.values(role.listeners).some(({ admit }) => admit.includes(client as never))
  return {
    data: DATA_DIRECTORY,
    tls: { certificate: nodeFiles.certificate, key: nodeFiles.key, ca: nodeFiles.ca },
    ...(role.recipients.own !== 'relay-to-mta' && { mail: [nodeFiles.mail] }),
    ...(needsSrs(role) && { srs: { secrets: [nodeFiles.srsSecret] } }),
    ...(admits('users') && { users: nodeFiles.users }),
    ...(admits('machines') && { machines: nodeFiles.machines }),
    ...(role.sign === 'proven-origin' && { dkim: { keys: nodeFiles.dkimKeys } }),
  }
}

/** Where a policy of MTA-STS is served, unless the node has an HTTPS listener for mail programs that serves it too. */
function usualPlace({ mta_sts: policy, autoconfig }: Settings): Settings {
  const hasListener = isMap(autoconfig) && autoconfig.listen !== undefined
  return isMap(policy) && !hasListener ? { mta_sts: { listen: HTTPS_LISTENER } } : {}
}

/** The directory of the DKIM keys of a node, absolute. */
export function dkimKeysOf({ config, settings }: FleetNode): string {
  const written = isMap(settings.dkim) ? settings.dkim.keys : undefined
  return resolve(dirname(config), typeof written === 'string' ? written : nodeFiles.dkimKeys)
}

/** By role, each with its name and what proves it: its keys, or its addresses if no key is known. */
function peersOf(node: FleetNode, fleet: Fleet): Settings {
  const known = fleet.nodes.filter((other) => other !== node && isPeer(node, other))
  return Object.fromEntries(
    [...new Set(known.map(({ role }) => role.role))].map((role) => [
      role,
      known.filter((other) => other.role.role === role).map(peerEntry),
    ]),
  )
}

/** A node that admits every role as its peers knows those that send to it. */
function isPeer({ role }: FleetNode, other: FleetNode): boolean {
  return knowsRole(role, other.role.role)
}

function peerEntry(peer: FleetNode): Settings {
  const host = portOf(peer) === peerPort(peer.role.role) ? peer.hostname : `${peer.hostname}:${portOf(peer)}`
  if (peer.publicKeys.length > 0) return { host, fingerprints: peer.publicKeys.map((key) => `sha256:${key}`) }
  return peer.sources.length > 0 ? { host, addresses: [...peer.sources] } : { host }
}

/** The port that other nodes connect to. */
function portOf(node: FleetNode): number {
  const listeners = listenersOf(node)
  const usual = peerPort(node.role.role)
  const named = listeners.find(({ name }) => node.role.listeners[name]?.port === usual) ?? listeners[0]
  return named?.port ?? usual
}

/** The listeners of a node, bound as its settings say. A wrong `listen` is reported by `checkSettings`. */
export function listenersOf({ role, settings }: FleetNode) {
  const written = listen.schema.safeParse(settings.listen)
  return placeListeners(role, written.success ? written.data : {}, () => undefined)
}
