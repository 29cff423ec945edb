// Signs a zone file with the tools of ldns, and spoils it if the test wants that.

import { execFileSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

export interface Signing {
  /** The signatures have expired. */
  readonly isExpired?: boolean
  /** Changes the zone after it is signed, so that signatures do not fit any more. */
  readonly spoil?: (signed: string) => string
}

/** Signs `ZONE.zone` in the folder. Returns the trust anchor: the DS record of its key. */
export function signZone(folder: string, zone: string, { isExpired = false, spoil }: Signing): string {
  const ldns = (...args: string[]) => execFileSync(args[0] as string, args.slice(1), { cwd: folder, encoding: 'utf8' })
  const file = `${zone}.zone`
  const key = ldns('ldns-keygen', '-a', 'ECDSAP256SHA256', '-k', zone).trim()
  const dates = isExpired ? ['-i', '20200101', '-e', '20200201'] : []
  ldns('ldns-signzone', ...dates, '-o', zone, '-f', `${file}.signed`, file, key)
  const signed = readFileSync(join(folder, `${file}.signed`), 'utf8')
  writeFileSync(join(folder, file), spoil ? spoil(signed) : signed)
  return readFileSync(join(folder, `${key}.ds`), 'utf8').trim()
}
