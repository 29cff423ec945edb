// A new certificate for the listeners of a running node. Connections to other hosts use it from the next one on by themselves.

import type { TlsMaterial } from '../config/read-tls-material.ts'
import type { TransferListener } from '../queue/transfer/transfer-listener.ts'

export interface CertificateUsers {
  readonly certificate: { value: TlsMaterial | null }
  readonly listeners: readonly { updateTls(): string | null }[]
  readonly transfers: Pick<TransferListener, 'updateTls'> | null
  /** Those for strangers. */
  readonly https: readonly { updateTls(): string | null }[]
  /** Null without `self_service`. */
  readonly selfService: { updateTls(): string | null } | null
}

/** Null, or why a listener keeps the old one. */
export function useCertificate(material: TlsMaterial | null, users: CertificateUsers): string | null {
  users.certificate.value = material
  users.transfers?.updateTls()
  const pages = users.selfService ? [...users.https, users.selfService] : users.https
  const causes = [...users.listeners, ...pages].map((one) => one.updateTls())
  return causes.find((one) => one !== null) ?? null
}
