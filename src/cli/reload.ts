// waypost reload: checks the configuration as the node will, then tells the node to read it again. Exit 2 if it would refuse it.

import { readFileSync } from 'node:fs'
import { pidFile } from '../assembly/pid-file.ts'
import type { Config } from '../config/config.ts'
import { FAILED, line, OK } from './io.ts'
import type { Io } from './io.ts'
import { withData } from './with-config.ts'

export function reload(options: { readonly config: string }, io: Io): Promise<number> | number {
  return withData(options.config, io, async (config, data) => {
    const pid = runningPid(config)
    if (pid === null) {
      line(io.stderr, `no node runs on ${config.data}`)
      return FAILED
    }
    process.kill(pid, 'SIGHUP')
    line(io.stdout, `told process ${pid}: ${data.summary}`)
    return OK
  })
}

function runningPid(config: Config): number | null {
  try {
    const pid = Number(readFileSync(pidFile(config), 'utf8'))
    process.kill(pid, 0)
    return pid
  } catch {
    return null
  }
}
