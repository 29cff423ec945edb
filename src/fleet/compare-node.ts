// Compares the node.yaml of a node with the fleet file. Keys that the fleet file does not decide belong to the node.

import type { Path, Problem } from '../config/problem.ts'
import { peers } from '../config/sections/peers-section.ts'
import { loadYaml, type YamlSource } from '../config/yaml-source.ts'
import { peerPort } from '../smtp/nexthop.ts'
import type { Fleet, FleetNode, Settings } from './fleet-model.ts'
import { isMap } from './merge-settings.ts'
import { decidedSettings } from './generated-settings.ts'

export type NodeComparison =
  | { readonly kind: 'same' }
  /** The node has no file yet. */
  | { readonly kind: 'missing' }
  | { readonly kind: 'different'; readonly problems: readonly Problem[] }

/** Reads the node's file and finds the keys that differ, with their positions in it. */
export function compareNode(node: FleetNode, fleet: Fleet): NodeComparison {
  const yaml = loadYaml(node.config)
  if (yaml.kind === 'unreadable' && yaml.reason.startsWith('ENOENT')) return { kind: 'missing' }
  if (yaml.kind !== 'ok') return { kind: 'different', problems: yaml.problems }
  const { peers: known = {}, fleet_view: view, queue_transfer: transfer, ...others } = decidedSettings(node, fleet)
  const written = valueOf(yaml.source.value)
  // A node that shows nothing to others has its own reason for it; one that does must trust the nodes of the fleet file only.
  const decided = written.fleet_view === undefined ? others : { ...others, fleet_view: view, queue_transfer: transfer }
  const problems = [
    ...yaml.source.problems,
    ...differences(decided, written, []).map(({ path, finding }) => yaml.source.at(path, finding)),
    ...peerProblems(yaml.source, known as Settings),
  ]
  return problems.length === 0 ? { kind: 'same' } : { kind: 'different', problems }
}

interface Difference {
  readonly path: Path
  readonly finding: string
}

function valueOf(value: unknown): Settings {
  return isMap(value) ? value : {}
}

/** Keys beyond the expected ones are not compared. An expected null decides nothing. */
function differences(expected: Settings, found: Settings, path: Path): readonly Difference[] {
  return Object.entries(expected).flatMap(([key, wanted]): readonly Difference[] => {
    const [actual, at] = [found[key], [...path, key]]
    if (wanted === null || wanted === undefined || isSame(wanted, actual)) return []
    if (isMap(wanted) && isMap(actual)) return differences(wanted, actual, at)
    return [{ path: at, finding: `found ${show(actual)}, expected ${show(wanted)} as in the fleet file` }]
  })
}

function isSame(wanted: unknown, actual: unknown): boolean {
  const plain = (value: unknown) => (typeof value === 'string' ? value.toLowerCase().replace(/\.$/, '') : value)
  return JSON.stringify(plain(wanted)) === JSON.stringify(plain(actual))
}

function show(value: unknown): string {
  return value === undefined ? 'nothing' : JSON.stringify(value)
}

interface KnownPeer {
  readonly host: string
  readonly port: number
  readonly proofs: readonly string[]
}

function peerProblems(source: YamlSource, expected: Settings): readonly Problem[] {
  const written = valueOf(source.value).peers
  const read = peers.schema.safeParse(written)
  // `waypost check` says what is wrong with it.
  if (!read.success) return [source.at(['peers'], 'found peers that are not valid, expected those of the fleet file')]
  const wanted = peers.schema.parse(expected)
  const roles = [...new Set([...Object.keys(wanted), ...Object.keys(read.data)])]
  return roles.flatMap((role) => {
    const [due, actual] = [wanted[role] ?? [], read.data[role] ?? []].map((list) =>
      list.map((one) => peerOf(one, role)),
    )
    return peersOfRole({ source, role, due: due ?? [], actual: actual ?? [] })
  })
}

type ReadPeer = ReturnType<typeof peers.schema.parse>[string][number]

function peerOf({ host, port, fingerprints, addresses }: ReadPeer, role: string): KnownPeer {
  const proofs = fingerprints.length > 0 ? fingerprints.map((one) => `sha256:${one}`) : addresses
  return { host: host.replace(/\.$/, ''), port: port === 0 ? peerPort(role) : port, proofs: proofs.toSorted() }
}

interface PeersOfRole {
  readonly source: YamlSource
  readonly role: string
  readonly due: readonly KnownPeer[]
  readonly actual: readonly KnownPeer[]
}

function peersOfRole({ source, role, due, actual }: PeersOfRole): readonly Problem[] {
  const missing = due
    .filter((one) => !actual.some(({ host }) => host === one.host))
    .map(({ host }) => source.at(['peers', role], `found no ${host}, expected it: the fleet file has this node`))
  const wrong = actual.flatMap((one, index) => {
    const expected = due.find(({ host }) => host === one.host)
    const at = ['peers', role, index]
    if (!expected) return [source.at(at, `found ${one.host}, expected no such peer: the fleet file does not have it`)]
    return JSON.stringify(expected) === JSON.stringify(one)
      ? []
      : [source.at(at, `found ${describe(one)}, expected ${describe(expected)} as in the fleet file`)]
  })
  return [...missing, ...wrong]
}

function describe({ host, port, proofs }: KnownPeer): string {
  return `${host}:${port} with ${proofs.join(', ') || 'no proof'}`
}
