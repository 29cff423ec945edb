// Checks between the nodes of a fleet: names and addresses that two nodes have, and nodes that another one needs.

import type { Report } from '../config/problem.ts'
import { type Fleet, type FleetNode, nodesOf } from './fleet-model.ts'
import { admittedRoles, knowsRole, needsSrs, nextHopRoles, receivesFromInternet } from './node-needs.ts'
import { conflictingPolicies } from './served-policy.ts'

/** Reports every problem. The nodes are valid by themselves. */
export function checkFleet(fleet: Fleet, report: Report): void {
  reportSame(fleet, 'hostname', ({ hostname }) => [hostname], report)
  reportSame(fleet, 'addresses', ({ addresses }) => addresses, report)
  reportSame(fleet, 'config', ({ config }) => [config], report)
  for (const node of fleet.nodes) checkNode(node, fleet, report)
  for (const { node, domain, first } of conflictingPolicies(fleet))
    report(
      ['domains', domain, 'mta_sts'],
      `found another policy than that of ${first}, expected the same: ${node.name} serves both. Another web server can serve it (host)`,
    )
  const forwarder = fleet.nodes.find(({ role }) => needsSrs(role))
  if (forwarder && fleet.srsDomain === null)
    report(
      [],
      `found no srs, expected srs: { domain: … }: the role ${forwarder.role.role} of ${forwarder.name} needs the domain of rewritten senders`,
    )
  if (fleet.srsDomain === fleet.domain)
    report(['srs', 'domain'], `found ${fleet.domain}, the main domain, expected a domain outside of it`)
}

/** One name or address of two nodes: mail for one would reach the other. */
function reportSame(
  fleet: Fleet,
  key: 'hostname' | 'addresses' | 'config',
  valuesOf: (node: FleetNode) => readonly string[],
  report: Report,
): void {
  const owners = new Map<string, string>()
  for (const node of fleet.nodes)
    for (const value of valuesOf(node)) {
      const owner = owners.get(value)
      if (owner === undefined) owners.set(value, node.name)
      else report(['nodes', node.name, key], `found ${value} again, expected it at one node: ${owner} has it`)
    }
}

function checkNode(node: FleetNode, fleet: Fleet, report: Report): void {
  const at = ['nodes', node.name]
  const { role } = node
  for (const missing of nextHopRoles(role).filter((one) => nodesOf(fleet, one).length === 0))
    report(
      [...at, 'role'],
      `found ${role.role}, which sends to ${missing} nodes, expected a node with the role ${missing}`,
    )
  if (receivesFromInternet(role) && node.addresses.length === 0)
    report(at, 'found no addresses, expected at least one: mail from the internet arrives there')
  const admitting = fleet.nodes.find((other) => other !== node && admits(other, role.role))
  if (admitting && node.publicKeys.length + node.sources.length === 0)
    report(
      at,
      `found neither certificate, public_keys nor addresses, expected one of them: ${admitting.name} admits this node by its key or address`,
    )
}

function admits({ role }: FleetNode, other: string): boolean {
  return admittedRoles(role) !== null && !nextHopRoles(role).includes(other) && knowsRole(role, other)
}
