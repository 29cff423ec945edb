// waypost queue backup and restore: a copy of the queue of a running or stopped node, and the replacement of the queue of a stopped one.

import { resolve } from 'node:path'
import { backupQueue } from '../../queue/sqlite/backup/backup.ts'
import { restoreQueue } from '../../queue/sqlite/backup/restore.ts'
import { json, line, OK } from '../io.ts'
import type { Io } from '../io.ts'
import { makeFolderForOwner } from '../place/make-folder-for-owner.ts'
import { findDataDirectory, type NodePlace } from '../place/node-place.ts'
import { withQueueFolder } from './with-queue.ts'

interface BackupOptions extends NodePlace {
  /** Folder of the backup. */
  readonly target: string
  readonly json: boolean
}

export function queueBackup(options: BackupOptions, io: Io): Promise<number> | number {
  const target = resolve(options.target)
  const found = findDataDirectory(options)
  if (found.kind === 'ok') makeFolderForOwner(target, found.data)
  return withQueueFolder(options, io, async (directory) => {
    const report = await backupQueue(directory, target)
    if (options.json) json(io.stdout, { backup: target, ...report })
    else {
      line(io.stdout, `${target}: ${report.messages} messages, ${report.spoolFiles} bodies in files, verified`)
      for (const queueId of report.lost)
        line(io.stderr, `${queueId}: not in the backup: its body is missing in the queue`)
    }
    return OK
  })
}

export function queueRestore(
  options: BackupOptions & { readonly force: boolean; readonly now: number },
  io: Io,
): Promise<number> | number {
  return withQueueFolder(options, io, async (directory) => {
    const backup = resolve(options.target)
    const { force, now } = options
    const report = await restoreQueue({ backup, directory, force, now })
    if (options.json) json(io.stdout, { backup, directory, ...report })
    else {
      line(io.stdout, `${directory}: ${report.messages} messages, ${report.spoolFiles} bodies in files`)
      if (report.movedAside) line(io.stdout, `the previous queue is in ${report.movedAside}`)
    }
    return OK
  })
}
