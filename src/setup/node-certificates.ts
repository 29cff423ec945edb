// The certificates by which the nodes of a fleet recognise each other: of the private authority in the folder, each with a key that stays.

import { createPrivateKey, X509Certificate } from 'node:crypto'
import type { Issued } from '../x509/private-authority.ts'
import { createRoot, issueCertificate } from '../x509/private-authority.ts'
import { permittedDomains, readSigner } from '../x509/read-signer.ts'
import { setupFiles } from './setup-folder.ts'
import type { FileWriter, PlannedFile } from './write-files.ts'

/** The authority lasts as long as a fleet; a new one means new files on all nodes at once. Days. */
const AUTHORITY_DAYS = 3652
/** Two years, because only a run of setup renews them. Days. */
const NODE_DAYS = 730
/** A third of the validity is left: enough runs of setup come before the end. */
const RENEW_BEFORE_MS = (NODE_DAYS / 3) * 86_400_000

interface CertificateRequest {
  readonly domain: string
  readonly nodes: readonly { readonly name: string; readonly hostname: string }[]
  readonly now: number
}

export type CertificatePlan =
  | {
      readonly kind: 'ok'
      readonly files: readonly PlannedFile[]
      /** The certificate of a node, PEM. */
      readonly certificates: ReadonlyMap<string, string>
      /** What the operator should know. */
      readonly notes: readonly string[]
    }
  | { readonly kind: 'bad'; readonly problems: readonly string[] }

/** Plans the authority and the certificate of each node. Certificates that are missing, due or for another name are issued with the same key. */
export function planCertificates(
  { domain, nodes, now }: CertificateRequest,
  disk: Pick<FileWriter, 'read'>,
): CertificatePlan {
  const authority = readAuthority(disk) ?? createRoot(rootOf(domain, nodes, now))
  const signer = tried(() => readSigner(authority))
  if (signer instanceof Error)
    return bad([`${setupFiles.authority}, ${setupFiles.authorityKey}: cannot be used: ${signer.message}`])
  const permitted = permittedDomains(authority.certificate)
  const outside = nodes.filter(({ hostname }) => !isPermitted(hostname, permitted))
  if (outside.length > 0)
    return bad(
      outside.map(
        ({ name, hostname }) =>
          `${name}: found the host name ${hostname}, expected one in ${permitted.join(', ')}: ${setupFiles.authority} issues no others`,
      ),
    )
  const files: PlannedFile[] = [
    once(setupFiles.authorityKey, authority.key),
    once(setupFiles.authority, authority.certificate),
  ]
  const certificates = new Map<string, string>()
  const notes: string[] = []
  for (const node of nodes) {
    const result = certificateOf(node, { root: new X509Certificate(authority.certificate), now }, disk)
    if (result.kind === 'bad') return bad([result.problem])
    if (result.kind === 'note') notes.push(result.note)
    const names = [node.hostname]
    const issued = result.kind === 'issue' ? issueCertificate(signer, { ...result, names, days: NODE_DAYS, now }) : null
    if (issued) files.push(once(keyPath(node.name), issued.key), generated(node.name, issued.certificate))
    certificates.set(node.name, issued?.certificate ?? (result as { readonly certificate: string }).certificate)
  }
  return { kind: 'ok', files, certificates, notes }
}

type NodeResult =
  | { readonly kind: 'stays'; readonly certificate: string }
  | { readonly kind: 'note'; readonly certificate: string; readonly note: string }
  /** `key`: the existing one. */
  | { readonly kind: 'issue'; readonly key?: string }
  | { readonly kind: 'bad'; readonly problem: string }

interface Issuing {
  readonly root: X509Certificate
  readonly now: number
}

function certificateOf(
  { name, hostname }: { readonly name: string; readonly hostname: string },
  { root, now }: Issuing,
  disk: Pick<FileWriter, 'read'>,
): NodeResult {
  const [certificate, key] = [disk.read(certificatePath(name)), disk.read(keyPath(name))]
  if (key !== null) {
    const parsed = tried(() => createPrivateKey(key))
    if (parsed instanceof Error)
      return { kind: 'bad', problem: `${keyPath(name)}: found no private key (${parsed.message}), expected PEM` }
  }
  if (certificate === null) return key === null ? { kind: 'issue' } : { kind: 'issue', key }
  const parsed = tried(() => new X509Certificate(certificate))
  if (parsed instanceof Error)
    return { kind: 'bad', problem: `${certificatePath(name)}: found no certificate (${parsed.message}), expected PEM` }
  // One of another authority is the operator's.
  if (!parsed.checkIssued(root) || !parsed.verify(root.publicKey)) return { kind: 'stays', certificate }
  const isDue = Date.parse(parsed.validTo) - now < RENEW_BEFORE_MS
  if (!isDue && parsed.checkHost(hostname) !== undefined) return { kind: 'stays', certificate }
  if (key !== null) return { kind: 'issue', key }
  const cause = isDue ? `expires on ${parsed.validTo}` : `is not for ${hostname}`
  const note = `${certificatePath(name)} ${cause}; put ${keyPath(name)} back, so that setup can renew it with the same key`
  return { kind: 'note', certificate, note }
}

function readAuthority(disk: Pick<FileWriter, 'read'>): Issued | null {
  const [certificate, key] = [disk.read(setupFiles.authority), disk.read(setupFiles.authorityKey)]
  if (certificate === null && key === null) return null
  return { certificate: certificate ?? '', key: key ?? '' }
}

/** Host names outside of the main domain are permitted with their parent domain. */
function rootOf(domain: string, nodes: CertificateRequest['nodes'], now: number) {
  const others = nodes.filter(({ hostname }) => !isPermitted(hostname, [domain]))
  const domains = [domain, ...others.map(({ hostname }) => hostname.slice(hostname.indexOf('.') + 1))]
  return { name: `Waypost nodes of ${domain}`, domains: [...new Set(domains)], days: AUTHORITY_DAYS, now }
}

/** @param domains empty: every name is permitted */
function isPermitted(hostname: string, domains: readonly string[]): boolean {
  return domains.length === 0 || domains.some((domain) => hostname === domain || hostname.endsWith(`.${domain}`))
}

function certificatePath(node: string): string {
  return `${node}/cert.pem`
}

function keyPath(node: string): string {
  return `${node}/key.pem`
}

function once(path: string, text: string): PlannedFile {
  return { path, text, rule: 'once' }
}

function generated(node: string, text: string): PlannedFile {
  return { path: certificatePath(node), text, rule: 'generated' }
}

function bad(problems: readonly string[]): CertificatePlan {
  return { kind: 'bad', problems }
}

/** Libraries throw for bad PEM. */
function tried<T>(read: () => T): T | Error {
  try {
    return read()
  } catch (error) {
    return error as Error
  }
}
