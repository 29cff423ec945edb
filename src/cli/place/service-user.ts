// The user of the node before its first start, when there is no data directory yet: the one that the systemd unit names.

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Owner } from './directory-owner.ts'

export interface ServiceUserFiles {
  /** Folders of units; the first that has the unit counts (systemd.unit(5)). */
  readonly units: readonly string[]
  readonly passwd: string
}

const systemFiles: ServiceUserFiles = {
  units: ['/etc/systemd/system', '/run/systemd/system', '/usr/local/lib/systemd/system', '/usr/lib/systemd/system'],
  passwd: '/etc/passwd',
}
const UNIT = 'waypost.service'

/** Null if there is no unit, or if its user does not exist, as with DynamicUser. */
export function findServiceUser({ units, passwd }: ServiceUserFiles = systemFiles): Owner | null {
  const unit = units.map((folder) => read(join(folder, UNIT))).find((text) => text !== null)
  const name = unit ? /^User=(\S+)$/m.exec(unit)?.[1] : undefined
  const entry = (read(passwd) ?? '')
    .split('\n')
    .map((line) => line.split(':'))
    .find(([user, , uid]) => name !== undefined && (user === name || uid === name))
  const [uid, gid] = [Number(entry?.[2]), Number(entry?.[3])]
  return Number.isInteger(uid) && Number.isInteger(gid) && entry ? { uid, gid } : null
}

function read(file: string): string | null {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return null
  }
}
