// The way of a probe from its Received fields. Those of other servers are foreign text: they are shown, and decide nothing but the group.

import { printable } from '../lib/printable.ts'
import { parseDate } from '../message/date.ts'
import { type Field, fieldsNamed } from '../message/header.ts'
import { providerOfHost } from '../smtp/mail-provider.ts'
import type { ProbeHop } from './probe-result.ts'

/** Hops that are kept: a message with more is refused (RFC 5321 section 6.3), or has invented ones. */
const MOST_HOPS = 30
/** Characters of a host name. */
const MOST_NAME = 100

const byHost = /\bby\s+([^\s();]+)/i
const comments = /\([^()]*\)/g

/** Which servers are ours. Everything is in lower case. */
export interface ProbeFleetNames {
  readonly nodes: ReadonlySet<string>
  /** Hosts below it are ours. */
  readonly domain: string
}

/**
 * The servers in the order of the way, from the first.
 * @param sentAt unix milliseconds
 */
export function readHops(fields: readonly Field[], sentAt: number, fleet: ProbeFleetNames): readonly ProbeHop[] {
  return fieldsNamed(fields, 'received')
    .slice(0, MOST_HOPS)
    .toReversed()
    .map(({ value }) => {
      const at = parseDate(value.slice(value.lastIndexOf(';') + 1).trim())
      const by = printable((byHost.exec(value.replace(comments, ' '))?.[1] ?? 'unknown').slice(0, MOST_NAME))
      return { by, group: groupOfHost(by, fleet), ms: at === null ? null : at - secondOf(sentAt) }
    })
}

/** The large provider of a host, `fleet` for a node of ours, or `other`. */
export function groupOfHost(host: string, { nodes, domain }: ProbeFleetNames): string {
  const name = host.toLowerCase().replace(/\.$/, '')
  return nodes.has(name) || name.endsWith(`.${domain}`) ? 'fleet' : providerOfHost(host)
}

/** The group of the way: the first one outside that is known, else `other`, or `fleet` for a way that never leaves it. */
export function groupOfWay(hops: readonly Pick<ProbeHop, 'group'>[]): string {
  const outside = hops.map(({ group }) => group).filter((group) => group !== 'fleet')
  return outside.find((group) => group !== 'other') ?? (outside.length > 0 ? 'other' : 'fleet')
}

/** The wanted hops that the way lacks. `*` in a wanted name stands for any characters. */
export function missingHops(wanted: readonly string[], hops: readonly Pick<ProbeHop, 'by'>[]): readonly string[] {
  return wanted.filter((one) => {
    const parts = one
      .toLowerCase()
      .split('*')
      .map((part) => part.replaceAll(/[^a-z0-9-]/g, String.raw`\$&`))
    const pattern = new RegExp(`^${parts.join('[^\\s]*')}$`)
    return !hops.some(({ by }) => pattern.test(by.toLowerCase()))
  })
}

/** Received fields have whole seconds: the first one would be before the sending. */
function secondOf(ms: number): number {
  return Math.floor(ms / 1000) * 1000
}
