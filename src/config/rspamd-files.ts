// What `rspamd:` names as a file, read.

import { type FileReading, readSecretLine } from './directory-files.ts'
import type { RspamdFile } from './rspamd-schema.ts'

export interface RspamdConfig extends Omit<RspamdFile, 'password_file'> {
  readonly password: string | null
}

/** Reads its password; a trouble is a problem at its key. */
export function readRspamd(rspamd: RspamdFile | undefined, reading: FileReading): RspamdConfig | null {
  if (rspamd === undefined) return null
  const { password_file, ...rest } = rspamd
  return { ...rest, password: readSecretLine(password_file, ['rspamd', 'password_file'], reading) }
}
