// A small file system for tests of full and read-only disks: a tmpfs, if the user may mount one.

import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

export interface SmallDisk {
  readonly path: string
  /** Mounts it again with other options, such as `ro` or `size=10m`. */
  remount(options: string): void
  remove(): void
}

/** Only root may mount, and not in every container. */
export const mayMount = process.platform === 'linux' && process.getuid?.() === 0 && tryMount()

export function makeSmallDisk(octets: number): SmallDisk {
  const path = mkdtempSync(join(tmpdir(), 'waypost-disk-'))
  execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${octets}`, 'tmpfs', path])
  return {
    path,
    remount: (options) => void execFileSync('mount', ['-o', `remount,${options}`, path]),
    remove: () => {
      spawnSync('umount', ['-l', path])
      rmSync(path, { recursive: true, force: true })
    },
  }
}

function tryMount(): boolean {
  const path = mkdtempSync(join(tmpdir(), 'waypost-mount-'))
  const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', path]).status === 0
  if (mounted) spawnSync('umount', [path])
  rmSync(path, { recursive: true, force: true })
  return mounted
}
