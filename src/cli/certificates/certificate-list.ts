// waypost certificates list: what each certificate of the node is for, when it ends, and the TLSA records of its key and of the next one.

import { describeCertificate } from '../../certificates/describe-certificate.ts'
import { keeperFiles } from '../../certificates/keeper-files.ts'
import { type KeptPairs, readKept } from '../../certificates/kept-pairs.ts'
import { type KeeperState, readState } from '../../certificates/keeper-state.ts'
import { readIfThere } from '../../certificates/private-file.ts'
import { tlsaDigest, tlsaLine, tlsaOwners } from '../../certificates/own-tlsa.ts'
import type { Config } from '../../config/config.ts'
import { systemClock } from '../../lib/clock.ts'
import { keyHoldSettings } from '../../wiring/key-hold-settings.ts'
import { keptPairsPath } from '../../wiring/node-paths.ts'
import { type Io, json, line, OK } from '../io.ts'
import { withConfig } from '../with-config.ts'

export interface CertificateListOptions {
  readonly config: string
  readonly json: boolean
}

interface Listed {
  /** In the YAML: `tls`, `tls.more.0`. */
  readonly key: string
  readonly names: readonly string[]
  readonly issuer: string
  readonly expires: string
  readonly daysLeft: number
  /** SHA-256 of the public key, as `fingerprints` of peers have it. */
  readonly keyFingerprint: string
  /** Lines of a zone file. */
  readonly tlsa: readonly string[]
}

interface WaitingKey {
  readonly key: string
  /** Unix milliseconds as ISO 8601. */
  readonly since: string
  readonly cause: string
  /** When the node uses it whatever the DNS says. */
  readonly until: string
  /** Fingerprint of the key that stays in use. */
  readonly inUse: string | null
}

interface OwnCertificate {
  /** True before the first certificate. */
  readonly isTemporary: boolean
  readonly renewsAt: string | null
  readonly byAdviceOfAuthority: boolean
  readonly problem: string | null
  readonly nextTry: string | null
  /** TLSA records of the next key; empty without one. */
  readonly nextKeyTlsa: readonly string[]
}

/** Mail hosts that obey DANE look at this port. */
const SMTP_PORTS = [25]
const DAY_MS = 86_400_000

export function certificateList(options: CertificateListOptions, io: Io): Promise<number> | number {
  return withConfig(options.config, io, async (config) => {
    const listed = certificatesOf(config)
    const own = await ownCertificate(config)
    const kept = await readKept(keptPairsPath(config))
    const waiting = waitingKeys(kept)
    if (options.json) json(io.stdout, { certificates: listed, waiting, withoutRecord: withoutRecord(kept), acme: own })
    else {
      if (listed.length === 0 && own === null) line(io.stdout, 'the node has no certificate (tls)')
      for (const one of listed)
        print(
          one,
          waiting.find(({ key }) => key === one.key),
          io,
        )
      for (const { key, since, why, cause } of withoutRecord(kept))
        line(io.stdout, `${key}: in use without a TLSA record since ${since} (${why}): ${cause}`)
      if (own) printOwn(own, io)
    }
    return OK
  })
}

function certificatesOf(config: Config): Listed[] {
  const { tls } = config
  if (!tls) return []
  // The key of a temporary certificate is another one at each start.
  const firstIsReal = tls.acme?.isTemporary !== true
  const own = keyHoldSettings(config)?.ports ?? SMTP_PORTS
  const all = [tls, ...(tls.more ?? [])].map(({ certificate }, index) => {
    const { expiresAt, ...described } = describeCertificate(
      certificate,
      index === 0 ? (tls.acme?.tlsa_ports ?? own) : own,
    )
    return {
      key: index === 0 ? 'tls' : `tls.more.${index - 1}`,
      ...described,
      expires: new Date(expiresAt).toISOString(),
      daysLeft: Math.floor((expiresAt - systemClock.now()) / DAY_MS),
    }
  })
  return firstIsReal ? all : all.slice(1)
}

async function ownCertificate({ tls }: Config): Promise<OwnCertificate | null> {
  if (!tls?.acme) return null
  const files = keeperFiles(tls.acme.file)
  const state: KeeperState = await readState(files.state)
  const next = await readIfThere(files.nextKey)
  const owners = tlsaOwners(tls.acme.names, tls.acme.tlsa_ports)
  const time = (ms: number | null) => (ms === null ? null : new Date(ms).toISOString())
  return {
    isTemporary: tls.acme.isTemporary,
    renewsAt: time(state.renewal?.at ?? null),
    byAdviceOfAuthority: state.renewal?.byAdvice ?? false,
    problem: state.problem,
    nextTry: time(state.retryAt),
    nextKeyTlsa: next === null ? [] : owners.map((owner) => tlsaLine(owner, tlsaDigest(next))),
  }
}

function print(one: Listed, waiting: WaitingKey | undefined, io: Io): void {
  line(io.stdout, `${one.key}: ${one.names.join(', ') || 'no name'}`)
  line(io.stdout, `  issued by ${one.issuer}`)
  line(io.stdout, `  valid until ${one.expires} (${one.daysLeft < 0 ? 'expired' : `${one.daysLeft} days`})`)
  line(io.stdout, `  key sha256:${one.keyFingerprint}`)
  for (const record of one.tlsa) line(io.stdout, `  ${record}`)
  if (!waiting) return
  line(io.stdout, `  not in use since ${waiting.since}: ${waiting.cause}`)
  line(io.stdout, `  the key sha256:${waiting.inUse} stays in use until ${waiting.until} at the latest`)
  line(io.stdout, '  publish the TLSA records above beside those of the key in use')
}

const reasons = {
  first: 'the first certificate of this data directory',
  expired: 'the certificate before it has expired',
  operator: 'by order of an operator',
} as const

/** Keys in use that the DNS lacks, as far as that is known. */
function withoutRecord({ unshown }: KeptPairs) {
  return unshown.flatMap(({ slot, since, why, cause }) =>
    cause === null ? [] : [{ key: slot, since: new Date(since).toISOString(), why: reasons[why], cause }],
  )
}

function waitingKeys({ waits, pairs }: KeptPairs): readonly WaitingKey[] {
  return waits.map(({ slot, since, cause, until }) => {
    const used = pairs.find((one) => one.slot === slot) ?? pairs[0]
    return {
      key: slot,
      since: new Date(since).toISOString(),
      cause,
      until: new Date(until).toISOString(),
      inUse: used ? tlsaDigest(used.certificate).toString('hex') : null,
    }
  })
}

function printOwn(own: OwnCertificate, io: Io): void {
  const { isTemporary, renewsAt, byAdviceOfAuthority, problem, nextTry, nextKeyTlsa } = own
  if (isTemporary) line(io.stdout, 'tls: no certificate yet; a running node uses a temporary, self-signed one')
  const advice = byAdviceOfAuthority ? ', as the authority suggests' : ''
  if (renewsAt !== null && !isTemporary) line(io.stdout, `renewal at ${renewsAt}${advice}`)
  if (problem !== null) line(io.stdout, `problem: ${problem}${nextTry === null ? '' : `; next try at ${nextTry}`}`)
  if (nextKeyTlsa.length === 0) return
  line(io.stdout, 'the next key waits until the DNS shows these records beside those of the current key:')
  for (const record of nextKeyTlsa) line(io.stdout, `  ${record}`)
}
