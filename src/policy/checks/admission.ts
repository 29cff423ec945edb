// Who may talk to a listener at all, and as which origin class. Nobody gets a class by what he says, only by what he proves:
// a listed address, a certificate's fingerprint, a password. Without a class, MAIL is refused.

import type { CertificateAuthenticator } from '../../auth/authenticator.ts'
import type { Origin } from '../../smtp/origin.ts'
import { refusal } from '../../smtp/reply.ts'
import type { Session } from '../../smtp/session.ts'
import type { Peers } from '../peers.ts'
import { accept, refuse } from '../verdict.ts'
import type { Verdict } from '../verdict.ts'

export type Admission = 'internet' | 'peers' | 'users' | 'machines' | 'local'

export interface AdmissionSettings {
  readonly admit: readonly Admission[]
  readonly peers: Peers
  readonly machines: CertificateAuthenticator | null
}

export type Admitted = Verdict & { readonly origin?: Origin }

/** At connect: listed addresses are peers, the internet is let in where the listener is open to it. */
export function admitConnection(settings: AdmissionSettings, session: Session): Admitted {
  const { admit, peers } = settings
  const role = admit.includes('peers') ? peers.byAddress(session.remoteIp) : null
  if (role !== null) return { ...accept, origin: { kind: 'peer', role, vouched: 'nothing' } }
  if (admit.includes('local')) return { ...accept, origin: { kind: 'local' } }
  if (admit.includes('internet')) return { ...accept, origin: { kind: 'internet' } }
  const mayStillProve =
    admit.includes('users') || admit.includes('machines') || (admit.includes('peers') && peers.knowsCertificates)
  return mayStillProve ? accept : refuse(stranger(session, 'its address is not listed'))
}

/** With TLS up: a certificate can prove a peer or a machine. On a listener for machines only, nobody else goes on. */
export async function admitCertificate(settings: AdmissionSettings, session: Session): Promise<Admitted> {
  const certificate = session.tls?.certificate ?? null
  const role = settings.admit.includes('peers') && certificate ? settings.peers.byCertificate(certificate) : null
  if (role !== null) return { ...accept, origin: { kind: 'peer', role, vouched: 'nothing' } }
  if (settings.admit.includes('machines') && settings.machines) {
    const answer = certificate
      ? await settings.machines.identify(certificate)
      : ({ kind: 'wrong', cause: 'no client certificate' } as const)
    if (answer.kind === 'identified') return { ...accept, origin: { kind: 'machine', identity: answer.identity } }
    if (answer.kind === 'unavailable')
      return refuse(refusal(454, '4.7.0', 'Temporary authentication failure', answer.cause))
    if (!settings.admit.includes('users')) return refuse(stranger(session, describe(session, answer.cause)))
  }
  if (session.origin || settings.admit.includes('users')) return accept
  return refuse(stranger(session, describe(session, 'no peer has this certificate')))
}

/** Before MAIL: a session that proved nothing sends nothing. */
export function admitTransaction(session: Session): Verdict {
  if (session.origin) return accept
  return refuse(refusal(530, '5.7.0', session.tls ? 'Authentication required' : 'Must issue a STARTTLS command first'))
}

function describe(session: Session, cause: string): string {
  const certificate = session.tls?.certificate
  return certificate
    ? `${cause}: ${certificate.subject}, key sha256:${certificate.keyFingerprint}`
    : 'no client certificate was presented'
}

function stranger(session: Session, cause: string) {
  return refusal(554, '5.7.1', 'This server talks to known clients only', `${session.remoteIp}: ${cause}`)
}
