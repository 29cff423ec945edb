// The certificates of the hosts that receive mail, against their name, their TLSA records and the MTA-STS policies that name them.

import { X509Certificate } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { rootCertificates } from 'node:tls'
import type { Fleet, FleetNode } from '../fleet/fleet-model.ts'
import type { DnsFinding } from './findings.ts'
import type { CheckedSet } from './check-sets.ts'

const DAY_MS = 86_400_000
/** Certificates of public authorities are renewed at two thirds of their life, which leaves more than this. */
const SOON_MS = 7 * DAY_MS

/** Reads the certificates that the fleet file names. @param now unix milliseconds */
export async function checkCertificates(
  fleet: Fleet,
  sets: readonly CheckedSet[],
  now: number,
): Promise<readonly DnsFinding[]> {
  const receivers = fleet.nodes.filter((node) => fleet.domains.some(({ mx }) => mx.includes(node)))
  const found = await Promise.all(receivers.map((node) => checkNode(node, { fleet, now })))
  return [...found.flat(), ...unsignedTlsa(sets)]
}

export interface ChainFacts {
  readonly fleet: Fleet
  readonly now: number
}

async function checkNode(node: FleetNode, facts: ChainFacts): Promise<readonly DnsFinding[]> {
  const { certificate: file, hostname } = node
  if (file === null) return []
  const chain = readChain(await readFile(file, 'utf8').catch(() => ''))
  if (chain.length > 0)
    return judgeChain(node, chain, { ...facts, kind: 'certificate', subject: hostname, place: file, isMx: true })
  return [
    {
      id: `certificate-unreadable ${hostname}`,
      severity: 'warning',
      subject: hostname,
      problem: `its certificate cannot be read (${file})`,
      breaks: 'it is not compared',
      advice: ADVICE,
    },
  ]
}

const ADVICE = 'Get a new certificate with the same key, so that the TLSA records stay valid'

interface JudgedChain extends ChainFacts {
  readonly kind: string
  readonly subject: string
  readonly place: string
  /** False: mail programs connect there, and verify. */
  readonly isMx: boolean
}

/** Name, end and authority of a certificate. `kind` begins the ID of each finding, `place` says where the certificate was found. */
export function judgeChain(
  node: FleetNode,
  chain: readonly X509Certificate[],
  { fleet, now, kind, subject, place, isMx }: JudgedChain,
): readonly DnsFinding[] {
  const [leaf] = chain
  if (!leaf) return []
  const found = (what: string, severity: DnsFinding['severity'], problem: string, breaks: string): DnsFinding => ({
    id: `${kind}-${what} ${subject}`,
    severity,
    subject,
    problem: `its certificate ${problem} (${place})`,
    breaks,
    advice: ADVICE,
  })
  const policies = fleet.domains.filter(
    ({ mx, records }) => mx.includes(node) && records.mtaSts !== null && records.mtaSts.mode !== 'none',
  )
  const isEnforced = policies.some(({ records }) => records.mtaSts?.mode === 'enforce')
  const severity = isEnforced || !isMx ? 'error' : 'warning'
  const refusal = !isMx
    ? 'mail programs and machines refuse the certificate'
    : isEnforced
      ? 'senders with MTA-STS do not deliver to this host'
      : 'senders that verify certificates do not deliver to this host'
  const end = Date.parse(leaf.validTo)
  return [
    ...(leaf.checkHost(node.hostname) === undefined
      ? [found('name', severity, 'does not have its name', refusal)]
      : []),
    ...(end <= now
      ? [found('ended', severity, `ended on ${leaf.validTo}`, refusal)]
      : end - now < SOON_MS
        ? [found('ends', 'warning', `ends on ${leaf.validTo}`, refusal)]
        : []),
    ...(isMx && policies.length > 0 && !isPublic(chain)
      ? [found('issuer', severity, 'is not from a public authority, or lacks its chain', refusal)]
      : []),
  ]
}

/** The certificates of a PEM file in their order; empty if one is damaged. */
export function readChain(pem: string): readonly X509Certificate[] {
  const blocks = pem.match(/-----BEGIN CERTIFICATE-----[\s\S]*?-----END CERTIFICATE-----/g) ?? []
  try {
    return blocks.map((block) => new X509Certificate(block))
  } catch {
    return []
  }
}

let roots: readonly X509Certificate[] | null = null

/** Follows the chain as the server sends it to an authority that Node.js trusts. */
function isPublic(chain: readonly X509Certificate[]): boolean {
  roots ??= rootCertificates.map((pem) => new X509Certificate(pem))
  const top = chain.reduce<X509Certificate | null>((below, next) => {
    if (below === null) return null
    return below === next || (below.checkIssued(next) && below.verify(next.publicKey)) ? next : null
  }, chain[0] ?? null)
  if (top === null) return false
  return roots.some(
    (root) => root.fingerprint256 === top.fingerprint256 || (top.checkIssued(root) && top.verify(root.publicKey)),
  )
}

/** TLSA records count only in a signed zone (RFC 7672 2.2). */
function unsignedTlsa(sets: readonly CheckedSet[]): readonly DnsFinding[] {
  return sets
    .filter(({ set, state, authentic }) => set.purpose === 'tlsa' && state === 'published' && authentic === false)
    .map(({ set: { name } }) => ({
      id: `unsigned ${name} TLSA`,
      severity: 'note',
      subject: `${name} TLSA`,
      problem: 'the resolver did not validate the answer',
      breaks: 'the record has no effect: DANE needs a zone that is signed with DNSSEC',
      advice: 'Sign the zone; if it is signed, ask a validating resolver on this host',
    }))
}
