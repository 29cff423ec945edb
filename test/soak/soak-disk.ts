// The file system of a node's data folder in a soak: a separate image, so that it can be filled while the node writes. It is ext4 on the disk
// of the temporary folder, so that a commit costs what it costs there.

import { execFileSync, spawnSync } from 'node:child_process'
import { mkdirSync, rmSync, statfsSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

export interface SoakDisk {
  readonly path: string
  /** Takes all free space. */
  fill(): void
  /** Gives it back. */
  free(): void
  remove(): void
}

/** What stays free when the disk is full: less than a message of the spool. */
const LEFT_OCTETS = 64 * 1024

/** Null if this user may not mount an image; then the data folder is a plain one. @param octets the size of the image, a sparse file */
export function makeSoakDisk(folder: string, octets: number): SoakDisk | null {
  const image = `${folder}.image`
  writeFileSync(image, '')
  truncateSync(image, octets)
  mkdirSync(folder)
  try {
    execFileSync('mkfs.ext4', ['-q', '-m', '0', image], { stdio: 'ignore' })
    execFileSync('mount', ['-o', 'loop', image, folder], { stdio: 'ignore' })
  } catch {
    rmSync(folder, { recursive: true })
    rmSync(image)
    return null
  }
  const ballast = join(folder, 'ballast')
  return {
    path: folder,
    fill: () => {
      const { bavail, bsize } = statfsSync(folder)
      const length = bavail * bsize - LEFT_OCTETS
      if (length > 0) spawnSync('fallocate', ['-l', String(length), ballast], { stdio: 'ignore' })
    },
    free: () => rmSync(ballast, { force: true }),
    remove: () => {
      spawnSync('umount', ['-l', folder])
      rmSync(folder, { recursive: true, force: true })
      rmSync(image, { force: true })
    },
  }
}
