// The files of a certificate that the node gets by itself, all beside each other and for their owner only.

import { readCertificateFile, type KeyAndChain } from './certificate-file.ts'
import { readIfThere } from './private-file.ts'

export interface KeeperFiles {
  /** Key, certificate and chain. */
  readonly certificate: string
  /** The key that is used when the DNS allows it. */
  readonly nextKey: string
  /** The key of the account at the authority. */
  readonly accountKey: string
  readonly state: string
}

/** @param file `tls.acme.file` */
export function keeperFiles(file: string): KeeperFiles {
  return { certificate: file, nextKey: `${file}.next-key`, accountKey: `${file}.account-key`, state: `${file}.state` }
}

/** Key and chain; null without the file. Rejects for a file that cannot be read or used. */
export async function readPair({ certificate }: Pick<KeeperFiles, 'certificate'>): Promise<KeyAndChain | null> {
  const text = await readIfThere(certificate)
  if (text === null) return null
  const pair = readCertificateFile(text)
  if (typeof pair === 'string') throw new Error(`${certificate}: ${pair}`)
  return pair
}
