// The pinned certificates of users, from a YAML file in the form of the machines file:
//
//   users:
//     - name: kim
//       fingerprints: ["sha256:…"]        # of the public key, or of the certificate
//       keys: ["…"]                       # of the public key only
//       certificates: ["…"]               # of the certificate only

import { readFile } from 'node:fs/promises'
import { collectProblems, type Problem } from '../directory/data-problem.ts'
import { type FingerprintEntry, type ListForm, readFingerprintList } from './fingerprint-list.ts'

export interface UserPins {
  readonly list: readonly FingerprintEntry[]
  readonly problems: readonly Problem[]
}

const form: ListForm = {
  key: 'users',
  one: 'user',
  fields: new Set(['name', 'fingerprints', 'keys', 'certificates']),
  name: /^[^\s:"\p{Cc}]{1,254}$/u,
}

/** Reads the file; one that cannot be read is a problem and has no users. */
export async function loadUserPins(file: string): Promise<UserPins> {
  try {
    return parseUserPins(file, await readFile(file, 'utf8'))
  } catch (error) {
    const { problems, ...list } = collectProblems()
    const message = `found no readable file (${(error as Error).message}), expected a YAML file of users with fingerprints`
    list.error({ file, line: 1, column: 1 }, message)
    return { list: [], problems }
  }
}

export function parseUserPins(file: string, text: string): UserPins {
  const finish = ({ name, keys, certificates }: FingerprintEntry) => ({ name, keys, certificates })
  const { entries, problems } = readFingerprintList(file, text, { form, taken: new Map(), finish })
  return { list: entries, problems }
}
