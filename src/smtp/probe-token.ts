// The Message-ID of a probe: it says which node sent it, for which target and when, with a MAC that strangers cannot make. Message-IDs
// survive forwarding, and every node of the fleet that has the secret knows a probe from its Message-ID alone.
//
//   <probe.1.WAY.TARGET.SENT.ID.MAC@HOST>    WAY is b (it has to come back) or o (one way); SENT in milliseconds and base 36; ID and MAC in
//                                            hexadecimal

import { createHmac, timingSafeEqual } from 'node:crypto'

export interface ProbeToken {
  /** Host name of the node that sent it, in lower case. */
  readonly origin: string
  /** Name of the target in the configuration of that node. */
  readonly target: string
  /** The node that sent it waits for its arrival; otherwise it ends at the first node that takes probes. */
  readonly isReturning: boolean
  /** Unix milliseconds. */
  readonly sentAt: number
  /** Different for each probe. */
  readonly id: string
}

/** Name of a target: a label of metrics, and a part of a Message-ID. */
export const probeTargetName = /^[a-z0-9-]{1,32}$/
/** Octets of the ID: a node sends a few thousand in the time that it remembers them. */
export const PROBE_ID_OCTETS = 8
/** Octets of the MAC (RFC 2104 section 5: half of the hash is enough). */
const MAC_OCTETS = 16
/** Longest host name with which the Message-ID fits into the ledger, which keeps 255 characters. */
export const MOST_PROBE_HOST = 140
/** A probe is of no use, and no longer known, when it is older, ms: mail that waited as long as the longest usual lifetime of a queue. */
export const PROBE_AGE_MS = 7 * 86_400_000
/** The clocks of two nodes may differ by this much, ms. */
const SKEW_MS = 3_600_000

const form =
  /^<probe\.1\.([bo])\.([a-z0-9-]{1,32})\.([0-9a-z]{1,11})\.([0-9a-f]{16})\.([0-9a-f]{32})@([^@<>\s]{1,140})>$/i

/** The Message-ID with its angle brackets. */
export function makeProbeId({ isReturning, target, sentAt, id, origin }: ProbeToken, secret: string): string {
  const left = `1.${isReturning ? 'b' : 'o'}.${target}.${sentAt.toString(36)}.${id}`
  return `<probe.${left}.${macOf(left, origin, secret)}@${origin}>`
}

/**
 * The token of a Message-ID; null for any other Message-ID, for one of a stranger, and for one that is too old.
 * @param secrets of the fleet; each verifies
 * @param now unix milliseconds
 */
export function readProbeId(messageId: string | null, secrets: readonly string[], now: number): ProbeToken | null {
  // Most mail is no probe: nothing is computed for it.
  if (messageId === null || !/^<probe\./i.test(messageId)) return null
  const [, way = '', target = '', sent = '', id = '', mac = '', host = ''] = form.exec(messageId.toLowerCase()) ?? []
  if (host === '') return null
  const sentAt = Number.parseInt(sent, 36)
  if (sentAt < now - PROBE_AGE_MS || sentAt > now + SKEW_MS) return null
  const left = `1.${way}.${target}.${sent}.${id}`
  const isOurs = secrets.some((secret) => isEqual(macOf(left, host, secret), mac))
  return isOurs ? { origin: host, isReturning: way === 'b', target, sentAt, id } : null
}

function macOf(left: string, host: string, secret: string): string {
  const text = `waypost probe\n${left}\n${host.toLowerCase()}`
  return createHmac('sha256', secret).update(text).digest().subarray(0, MAC_OCTETS).toString('hex')
}

function isEqual(computed: string, given: string): boolean {
  return timingSafeEqual(Buffer.from(computed, 'hex'), Buffer.from(given, 'hex'))
}
