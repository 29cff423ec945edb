// The users whom client certificates prove: pinned ones by the fingerprint of the key or of the certificate, and those that an authority issued,
// by a name in them. Each certificate of `ca` is trusted to issue; an intermediate authority has to be in the file.

import { X509Certificate } from 'node:crypto'
import { userText } from '../smtp/origin.ts'
import type { ClientCertificate } from '../smtp/session.ts'
import { plainSerial } from '../x509/der-reader.ts'
import type { Machine } from './machines.ts'
import type { RevocationList } from './revocation-list.ts'

export type NameRule = 'email' | 'cn'

export interface UserCertificateSettings {
  /** Pinned keys and certificates by user. */
  readonly pins: readonly Pick<Machine, 'name' | 'keys' | 'certificates'>[]
  readonly authorities: readonly X509Certificate[]
  /** Which name of an issued certificate is the user. */
  readonly user: NameRule
  /** True: issued certificates count whatever their extended key usage is. */
  readonly anyPurpose: boolean
  readonly revocation: RevocationSettings | null
}

export interface RevocationSettings {
  /** The current lists; read for each use. */
  readonly lists: () => readonly RevocationList[]
  /** What happens while the list of an authority is missing or too old. */
  readonly whenStale: 'refuse' | 'accept'
}

export type CertificateAnswer =
  /** Names of the user, in any form; several only in an issued certificate. */
  | { readonly kind: 'names'; readonly names: readonly string[]; readonly expires: number | null }
  | { readonly kind: 'wrong'; readonly cause: string }
  | { readonly kind: 'unavailable'; readonly cause: string }

export interface UserCertificates {
  /** @param now unix milliseconds */
  judge(certificate: ClientCertificate, now: number): CertificateAnswer
}

/** RFC 5280 4.2.1.12: client authentication, and any purpose. */
const CLIENT_PURPOSES = ['1.3.6.1.5.5.7.3.2', '2.5.29.37.0']

interface Issued {
  readonly certificate: X509Certificate
  /** Null if no authority issued it. */
  readonly authority: X509Certificate | null
}

export function createUserCertificates(settings: UserCertificateSettings): UserCertificates {
  const { pins, authorities } = settings
  const byPrint = new Map(
    pins.flatMap(({ name, keys, certificates }) => [
      ...keys.map((one) => [`key ${one}`, name] as const),
      ...certificates.map((one) => [`certificate ${one}`, name] as const),
    ]),
  )
  /** Signatures are verified once for each session. */
  const known = new WeakMap<ClientCertificate, Issued>()
  const issuedBy = (client: ClientCertificate): Issued | null => {
    const before = known.get(client)
    if (before || !client.der) return before ?? null
    const certificate = new X509Certificate(client.der)
    const issued = { certificate, authority: authorities.find((one) => isIssuer(one, certificate)) ?? null }
    known.set(client, issued)
    return issued
  }
  return {
    judge: (client, now) => {
      const issued = issuedBy(client)
      const pinned = byPrint.get(`key ${client.keyFingerprint}`) ?? byPrint.get(`certificate ${client.fingerprint}`)
      const expires = issued ? Date.parse(issued.certificate.validTo) : null
      const outside = issued && periodProblem(issued.certificate, now)
      if (outside) return wrong(client, outside)
      if (pinned !== undefined) return { kind: 'names', names: [pinned], expires }
      if (!issued?.authority) return wrong(client, 'it is not pinned, and no authority of `ca` issued it')
      return judgeIssued({ ...issued, authority: issued.authority, client }, settings, now)
    },
  }
}

function judgeIssued(
  {
    certificate,
    authority,
    client,
  }: Issued & { readonly authority: X509Certificate; readonly client: ClientCertificate },
  { user, anyPurpose, revocation }: UserCertificateSettings,
  now: number,
): CertificateAnswer {
  const outside = periodProblem(authority, now)
  if (outside) return wrong(client, `its authority: ${outside}`)
  // Absent, the certificate may be used for every purpose.
  if (!anyPurpose && certificate.keyUsage && !certificate.keyUsage.some((one) => CLIENT_PURPOSES.includes(one)))
    return wrong(client, 'it is not for client authentication')
  const revoked = revocation && judgeRevocation(certificate, authority, { ...revocation, now })
  if (revoked) return revoked.kind === 'revoked' ? wrong(client, 'it is revoked') : revoked
  const names = namesIn(certificate, user)
  if (names.length === 0) return wrong(client, user === 'email' ? 'it has no e-mail address' : 'it has no common name')
  return { kind: 'names', names, expires: Date.parse(certificate.validTo) }
}

function isIssuer(authority: X509Certificate, certificate: X509Certificate): boolean {
  return authority.ca && certificate.checkIssued(authority) && certificate.verify(authority.publicKey)
}

function periodProblem({ validFrom, validTo }: X509Certificate, now: number): string | null {
  if (Date.parse(validTo) <= now) return `it expired at ${new Date(validTo).toISOString()}`
  return Date.parse(validFrom) > now ? `it is not valid before ${new Date(validFrom).toISOString()}` : null
}

/** A list that is too old still revokes what it names. */
function judgeRevocation(
  certificate: X509Certificate,
  authority: X509Certificate,
  { lists, whenStale, now }: RevocationSettings & { readonly now: number },
): { readonly kind: 'revoked' } | { readonly kind: 'unavailable'; readonly cause: string } | null {
  const ofAuthority = lists().filter((one) => one.authority === authority.fingerprint256)
  const serial = plainSerial(certificate.serialNumber)
  if (ofAuthority.some(({ revoked }) => revoked.has(serial))) return { kind: 'revoked' }
  const isFresh = ofAuthority.some(({ nextUpdate }) => nextUpdate === null || nextUpdate > now)
  if (isFresh || whenStale === 'accept') return null
  const found = ofAuthority.length === 0 ? 'is missing' : 'is too old'
  return { kind: 'unavailable', cause: `the revocation list of ${nameOf(authority)} ${found}` }
}

/** A name that needs quotes is none: Node.js quotes what could be read as another entry. */
function namesIn({ subject, subjectAltName }: X509Certificate, rule: NameRule): readonly string[] {
  const [entries, form] =
    rule === 'email'
      ? [(subjectAltName ?? '').split(', '), /^email:([^\s",]+@[^\s",]+)$/]
      : [(subject ?? '').split('\n'), /^CN=([^\s",+\\]+)$/]
  return [...new Set(entries.flatMap((entry) => form.exec(entry)?.[1]?.toLowerCase() ?? []))]
}

function nameOf({ subject }: X509Certificate): string {
  return (subject ?? 'an authority').replaceAll('\n', ', ')
}

function wrong({ subject, keyFingerprint }: ClientCertificate, cause: string): CertificateAnswer {
  return { kind: 'wrong', cause: `certificate ${subject}, key sha256:${keyFingerprint}: ${cause}` }
}

/** The user that the client means: the one name, or the one that it asks for. */
export function chooseName(
  names: readonly string[],
  wanted: string | null,
  same: (one: string, other: string) => boolean,
) {
  const chosen = wanted === null ? names : names.filter((one) => same(one, wanted))
  const [name, ...others] = chosen
  if (name !== undefined && (others.length === 0 || wanted !== null)) return { kind: 'chosen', name } as const
  const listed = names.map(userText).join(', ')
  return {
    kind: 'unclear',
    cause:
      wanted === null
        ? `the certificate is that of several: ${listed}`
        : `authzid ${userText(wanted)}, the certificate is that of ${listed}`,
  } as const
}
