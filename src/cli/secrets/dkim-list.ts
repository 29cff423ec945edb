// waypost dkim list and records: the keys with their stages, and their DNS records.

import { keyRecord, zoneLine } from '../../dkim/key-record.ts'
import { type Io, USAGE } from '../io.ts'
import { describeKey, type DkimOptions, print, usableKeys } from './dkim-keys.ts'

/** Lists the keys with their stages. */
export async function dkimList(options: DkimOptions, io: Io): Promise<number> {
  const keys = await usableKeys(options, io)
  if (keys === null) return USAGE
  const lines = keys.map((key) => {
    const since = key.since === null ? '' : new Date(key.since).toISOString()
    return [key.domain, key.selector, key.algorithm, key.stage, since].join('\t').trimEnd()
  })
  return print(options, io, { data: keys.map(describeKey), lines })
}

/** Prints the records that the DNS must have: of keys that sign, will sign or signed recently. */
export async function dkimRecords(options: DkimOptions, io: Io): Promise<number> {
  const keys = await usableKeys(options, io)
  if (keys === null) return USAGE
  const lines = keys.map((key) => zoneLine(keyRecord(key)))
  return print(options, io, { data: keys.map(describeKey), lines })
}
