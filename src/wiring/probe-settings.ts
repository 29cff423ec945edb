// Config → the settings of the probe.

import type { Config } from '../config/config.ts'
import type { ProbeFleetNames } from '../probe/probe-hops.ts'
import type { ProbeTargetConfig } from '../config/sections/probe-section.ts'

export interface ProbeSettings {
  /** Host name of this node, in lower case. */
  readonly hostname: string
  readonly address: string
  readonly secrets: readonly string[]
  readonly everyMs: number
  readonly waitMs: number
  readonly alertAfter: number
  readonly targets: readonly ProbeTargetConfig[]
  readonly fleet: ProbeFleetNames
  /** Servers that metrics name: nodes of the fleet and wanted hops, in lower case. */
  readonly named: ReadonlySet<string>
}

/** Null without the section. */
export function probeSettings({ probe, hostname, domain, peers }: Config): ProbeSettings | null {
  if (probe === null) return null
  const { address, secrets, every, wait, alert_after: alertAfter, targets } = probe
  const nodes = Object.values(peers).flatMap((all) => all.map(({ name, host }) => name ?? host))
  const wanted = targets.flatMap(({ hops }) => hops.filter((hop) => !hop.includes('*')))
  const lower = (names: readonly string[]) => new Set(names.map((name) => name.toLowerCase()))
  const fleet = { nodes: lower([hostname, ...nodes]), domain: domain.toLowerCase() }
  const named = lower([...fleet.nodes, ...wanted])
  return {
    hostname: hostname.toLowerCase(),
    address,
    secrets,
    everyMs: every,
    waitMs: wait,
    alertAfter,
    targets,
    fleet,
    named,
  }
}
