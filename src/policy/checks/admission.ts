// Decides which origin class a client has. The class depends on proof, not on claims: a listed address, the fingerprint of a certificate,
// or a login. A client without a class cannot start a mail transaction.

import type { CertificateAuthenticator } from '../../auth/authenticator.ts'
import type { Origin } from '../../smtp/origin.ts'
import { refusal } from '../../smtp/reply.ts'
import type { Refusal } from '../../smtp/reply.ts'
import type { Session } from '../../smtp/session.ts'
import type { Check, Finding, SessionFacts } from '../check.ts'
import type { Peers } from '../peers.ts'
import { accept, refuse } from '../verdict.ts'

export type Admission = 'internet' | 'peers' | 'users' | 'machines' | 'local'

export interface AdmissionSettings {
  readonly admit: readonly Admission[]
  readonly peers: Peers
  /** Null on a listener that admits no machines. */
  readonly machines: CertificateAuthenticator | null
  /** False for an address from which no client may connect; absent if all may. */
  readonly allows?: (ip: string) => boolean
}

const accepted: Finding = { verdict: accept }

export function admissionCheck(settings: AdmissionSettings): Check {
  return {
    name: 'admission',
    connect: ({ session }) => admitAddress(settings, session),
    secured: (facts) => admitCertificate(settings, facts),
    mail: ({ session, origin }) => (origin === null ? refused(authenticationRequired(session)) : accepted),
  }
}

/** A listed address is a peer. The listener's `admit` decides about other addresses. */
function admitAddress({ admit, peers, allows }: AdmissionSettings, session: Session): Finding {
  if (allows && !allows(session.remoteIp))
    return refused(unknownClient(session, 'the listener does not allow its network'))
  const role = admit.includes('peers') ? peers.byAddress(session.remoteIp) : null
  if (role !== null) return admitted({ kind: 'peer', role, vouched: 'nothing' })
  if (admit.includes('local')) return admitted({ kind: 'local' })
  if (admit.includes('internet')) return admitted({ kind: 'internet' })
  const canStillProve =
    admit.includes('users') || admit.includes('machines') || (admit.includes('peers') && peers.knowsCertificates)
  return canStillProve ? accepted : refused(unknownClient(session, 'its address is not listed'))
}

/** A certificate can prove a peer or a machine. A listener for machines only refuses every other client. */
async function admitCertificate(
  { admit, peers, machines }: AdmissionSettings,
  { session, origin }: SessionFacts,
): Promise<Finding> {
  const certificate = session.tls?.certificate ?? null
  const role = admit.includes('peers') && certificate ? peers.byCertificate(certificate) : null
  if (role !== null) return admitted({ kind: 'peer', role, vouched: 'nothing' })
  if (admit.includes('machines') && machines) {
    const answer = certificate
      ? await machines.identify(certificate, session.remoteIp)
      : ({ kind: 'wrong', cause: 'no client certificate' } as const)
    if (answer.kind === 'identified') return admitted({ kind: 'machine', identity: answer.identity })
    if (answer.kind === 'unavailable')
      return refused(refusal(454, '4.7.0', 'Temporary authentication failure', answer.cause))
    if (!admit.includes('users')) return refused(unknownClient(session, describeCertificate(session, answer.cause)))
  }
  if (origin !== null || admit.includes('users')) return accepted
  return refused(unknownClient(session, describeCertificate(session, 'no peer has this certificate')))
}

function admitted(origin: Origin): Finding {
  return { verdict: accept, origin }
}

function refused(reply: Refusal): Finding {
  return { verdict: refuse(reply) }
}

function describeCertificate({ tls }: Session, cause: string): string {
  const certificate = tls?.certificate
  return certificate
    ? `${cause}: ${certificate.subject}, key sha256:${certificate.keyFingerprint}`
    : 'the client presented no certificate'
}

function unknownClient({ remoteIp }: Session, cause: string): Refusal {
  return refusal(554, '5.7.1', 'This server accepts known clients only', `${remoteIp}: ${cause}`)
}

function authenticationRequired({ tls }: Session): Refusal {
  return refusal(530, '5.7.0', tls ? 'Authentication required' : 'Must issue a STARTTLS command first')
}
