// The file system of the mx is full. As root it is a real small one, a tmpfs. Otherwise only the threshold of the node is real: `min_free`
// is set just below the space that is free now, and a forgotten file takes more than the difference.

import { spawnSync } from 'node:child_process'
import { mkdirSync, statfsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { ARRIVAL_TIMEOUT_MS } from '../environment.ts'
import type { Fleet } from '../fleet.ts'
import { until } from '../until.ts'
import type { Break, Stage } from './break.ts'

const MIB = 1024 * 1024
/** Size of the small file system. */
const DISK = 96 * MIB
/** The node defers new mail below this. */
const MIN_FREE = 32 * MIB
/** Free space that the forgotten file leaves, or takes without a small disk. */
const LEFT = 16 * MIB

export function diskFull(): Break {
  const state: { mount: string | null } = { mount: null }
  const unmount = () => {
    if (state.mount !== null) spawnSync('umount', ['-l', state.mount])
    state.mount = null
  }
  return {
    kind: 'disk-full',
    about: 'the file system of the mx is full',
    page: 'docs/how-to/when-the-disk-is-full.md',
    prepare: ({ fleet }) => {
      const disk = diskOf(fleet)
      mkdirSync(join(disk), { recursive: true })
      if (mountSmallDisk(disk)) {
        state.mount = disk
        process.prependOnceListener('exit', unmount)
      }
      const minFree = state.mount === null ? freeSpace(disk) - LEFT : MIN_FREE
      mkdirSync(join(disk, 'data'), { mode: 0o700 })
      fleet.configure('mx', (yaml) => ({
        ...yaml,
        data: join(disk, 'data'),
        queue: { ...(yaml['queue'] as object), min_free: minFree },
      }))
    },
    run: (stage) => run(stage, state.mount !== null),
    close: unmount,
  }
}

async function run({ fleet, post, print }: Stage, isSmallDisk: boolean) {
  print(
    isSmallDisk
      ? '  (the mx has a separate file system, a tmpfs)'
      : '  (without root there is no small file system: min_free of the mx is just below the space that is free now)',
  )
  const disk = diskOf(fleet)
  mkdirSync(join(disk, 'old-logs'))
  const size = isSmallDisk ? freeSpace(disk) - LEFT : 3 * LEFT
  writeFileSync(join(disk, 'old-logs/mail.log.1'), Buffer.alloc(size, '-'))
  let refused = ''
  await until(async () => {
    const sent = await post.fromAnn({ to: 'kim@example.org', mailbox: 'kim@home.example.net', subject: 'Tickets' })
    refused = sent.reply
    return refused.startsWith('452')
  }, ARRIVAL_TIMEOUT_MS)
  return {
    report: [`Ann writes: my mail server says that your server takes no mail: ${refused}`],
    commands: [`status -c ${fleet.configOf('mx')}`, `queue stats -c ${fleet.configOf('mx')}`],
    look: () => post.missing(),
  }
}

function diskOf(fleet: Fleet): string {
  return join(fleet.folder, 'mx.disk')
}

function freeSpace(path: string): number {
  const { bavail, bsize } = statfsSync(path)
  return bavail * bsize
}

/** Only root may mount, and not in every container. */
function mountSmallDisk(path: string): boolean {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) return false
  return spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${DISK},mode=755`, 'tmpfs', path]).status === 0
}
