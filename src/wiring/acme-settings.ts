// Config → the certificate that the node gets by itself.

import type { Config } from '../config/config.ts'
import type { KeeperSettings } from '../certificates/certificate-keeper.ts'
import { keeperFiles } from '../certificates/keeper-files.ts'

/** Null if an operator renews the certificate. */
export function keeperSettings({ tls }: Pick<Config, 'tls'>): KeeperSettings | null {
  const acme = tls?.acme
  if (!acme) return null
  const { file, names, directory, ca, contact, external, profile, key, rotate_key, tlsa_ports, tlsa_grace } = acme
  return {
    files: keeperFiles(file),
    names,
    directoryUrl: directory,
    ca,
    terms: { contact, external },
    profile,
    keyKind: key,
    rotateMs: rotate_key,
    tlsaPorts: tlsa_ports,
    graceMs: tlsa_grace,
  }
}
