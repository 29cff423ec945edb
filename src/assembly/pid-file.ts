// Where a running node leaves its process id, for `waypost reload`.

import { join } from 'node:path'
import type { Config } from '../config/config.ts'

export function pidFile(config: Pick<Config, 'data'>): string {
  return join(config.data, 'waypost.pid')
}
