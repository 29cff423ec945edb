// The text of fleet.yaml: written from answers, completed by what setup decides, and extended by nodes. Comments and layout of the operator
// are kept.

import { isMap, parseDocument, stringify } from 'yaml'
import { type NewNode, setupFiles } from './setup-folder.ts'

export interface FleetAnswers {
  readonly domain: string
  readonly srsDomain: string
  /** `address` or `address:port` of validating resolvers. */
  readonly resolvers: readonly string[]
  readonly nodes: readonly NewNode[]
  /** Routing data in Hiera instead of one file. */
  readonly hiera: boolean
}

/** Metrics and health, as the image and deploy/README.md expect them. */
const ADMIN_LISTEN = '127.0.0.1:9125'

const HEADER = `# All nodes of the fleet (docs/reference/fleet.md). Change it, then run \`waypost setup\` in this folder again.
`

/** A new fleet file. */
export function newFleetText({ domain, srsDomain, resolvers, nodes, hiera }: FleetAnswers): string {
  const receivers = [...new Set(nodes.map(({ role }) => role))].filter((role) => role === 'mx' || role === 'solo')
  const value = {
    domain,
    srs: { domain: srsDomain },
    settings: {
      dns: { servers: [...resolvers] },
      admin: { listen: ADMIN_LISTEN },
      ...(hiera && { mail: null, hiera: 'hiera.yaml' }),
    },
    // The spam score of the node itself. rspamd can take its place.
    roles: Object.fromEntries(receivers.map((role) => [role, { score: {} }])),
    nodes: Object.fromEntries(nodes.map((node) => [node.name, entryOf(node)])),
  }
  return completeFleetText(`${HEADER}${stringify(value, { lineWidth: 0 })}`)
}

/** The keys that setup needs, where the file leaves them out: certificates, directories of DKIM keys and machines. */
export function completeFleetText(text: string): string {
  const document = parseDocument(text)
  const before = document.toJS() as FleetOutline
  const nodes = Object.entries(before.nodes ?? {})
  const unproven = nodes.filter(([, node]) => node?.certificate === undefined && !node?.public_keys?.length)
  for (const [name] of unproven) document.setIn(['nodes', name, 'certificate'], `${name}/cert.pem`)
  const roles = new Set(nodes.map(([, node]) => node?.role))
  // A folder, because setup adds a file for each client host.
  const addMachines = roles.has('mta') && before.roles?.mta?.machines === undefined
  if (addMachines) document.setIn(['roles', 'mta', 'machines'], 'machines')
  // With a certificate of a public authority, the private one of the fleet would not fit; a single node has no peers that need it.
  const dropAuthority = roles.has('solo') && before.roles?.solo?.tls === undefined && nodes.length === 1
  if (dropAuthority) document.setIn(['roles', 'solo', 'tls'], { ca: null })
  const addKeys = before.dkim_keys === undefined
  if (addKeys) document.set('dkim_keys', [setupFiles.dkim])
  // The layout of the operator stays if nothing is missing.
  if (unproven.length === 0 && !addMachines && !dropAuthority && !addKeys) return text
  return document.toString({ lineWidth: 0 })
}

/** True for a value that `completeFleetText` adds at this place. */
export function isAddedBySetup([section, name, ...rest]: readonly string[], value: unknown): boolean {
  const place = rest.join('.')
  if (section === 'dkim_keys') return JSON.stringify(value) === JSON.stringify([setupFiles.dkim])
  if (section === 'nodes') return place === 'certificate' && value === `${name}/cert.pem`
  if (section !== 'roles') return false
  return name === 'mta' ? place === 'machines' && value === 'machines' : place === 'tls.ca' && value === null
}

/** The parts of a fleet file that setup reads before the file is valid as a whole. */
export interface FleetOutline {
  readonly nodes?: Readonly<
    Record<
      string,
      {
        readonly role?: unknown
        readonly addresses?: readonly unknown[]
        readonly certificate?: unknown
        readonly public_keys?: readonly unknown[]
      } | null
    >
  >
  readonly roles?: Readonly<Record<string, Readonly<Record<string, unknown>> | null>>
  readonly dkim_keys?: unknown
}

export type AddedNodes =
  | { readonly kind: 'ok'; readonly text: string; readonly added: readonly string[] }
  /** The name of the node that the file has with another role or address. */
  | { readonly kind: 'conflict'; readonly name: string }

/** The file with these nodes; its `nodes` is a map. A node that it has already, with the same role and addresses, is left as it is. */
export function withNodes(text: string, nodes: readonly NewNode[]): AddedNodes {
  const document = parseDocument(text)
  if (nodes.length === 0) return { kind: 'ok', text, added: [] }
  const known = (document.toJS() as FleetOutline).nodes ?? {}
  const added: string[] = []
  for (const node of nodes) {
    const { name, role, addresses } = node
    const present = known[name]
    if (present === undefined) {
      document.setIn(['nodes', name], document.createNode(entryOf(node)))
      added.push(name)
      continue
    }
    const same = present?.role === role && JSON.stringify(present.addresses ?? []) === JSON.stringify(addresses)
    if (!same) return { kind: 'conflict', name }
  }
  if (added.length === 0) return { kind: 'ok', text, added }
  return { kind: 'ok', text: document.toString({ lineWidth: 0 }), added }
}

/** Removes keys at the top of a YAML file and keeps the rest as it is written. */
export function withoutKeys(text: string, keys: readonly string[]): string {
  const document = parseDocument(text)
  if (!isMap(document.contents)) return text
  for (const key of keys) document.delete(key)
  return document.toString({ lineWidth: 0 })
}

function entryOf({ name, role, addresses }: NewNode) {
  return { role, ...(addresses.length > 0 && { addresses: [...addresses] }), certificate: `${name}/cert.pem` }
}
