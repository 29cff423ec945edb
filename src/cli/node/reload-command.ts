// waypost reload: checks the configuration and routing data, then sends SIGHUP to the running node. Exit code 2 if the node would reject them.

import { readFileSync } from 'node:fs'
import { pidFilePath, queueDirectory } from '../../wiring/node-paths.ts'
import type { Config } from '../../config/config.ts'
import { formatProblem } from '../../config/problem.ts'
import { isOwned } from '../../queue/sqlite/database/process-locks.ts'
import { FAILED, line, OK } from '../io.ts'
import type { Io } from '../io.ts'
import { withData } from '../with-config.ts'

export function reload(options: { readonly config: string }, io: Io): Promise<number> | number {
  return withData(options.config, io, async (config, data, warnings) => {
    for (const warning of warnings) line(io.stderr, `${formatProblem(warning)} (warning)`)
    try {
      const pid = runningPid(config)
      if (pid === null) throw new Error(`no node is running with the data directory ${config.data}`)
      process.kill(pid, 'SIGHUP')
      line(io.stdout, `sent SIGHUP to PID ${pid} (${data.summary})`)
      return OK
    } catch (error) {
      line(io.stderr, (error as NodeJS.ErrnoException).code === 'EPERM' ? NOT_PERMITTED : (error as Error).message)
      return FAILED
    }
  })
}

const NOT_PERMITTED = 'cannot send SIGHUP: the node runs as another user; run the command as that user or as root'

/**
 * The PID of the running node, or null. The PID file counts only while a node owns the queue: after a crash the PID may belong to another
 * process. PID 0 would signal the whole process group.
 */
function runningPid(config: Config): number | null {
  if (!isOwned(queueDirectory(config))) return null
  try {
    const pid = Number(readFileSync(pidFilePath(config), 'utf8'))
    if (!Number.isSafeInteger(pid) || pid <= 0) return null
    process.kill(pid, 0)
    return pid
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EPERM') throw error
    return null
  }
}
