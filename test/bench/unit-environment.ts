// The environment of deploy/waypost.service, so that the benchmark measures what operators run. The compile cache is in a temporary
// folder; it is warm from the second start on, as in production.

import { readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const unit = join(import.meta.dirname, '../../deploy/waypost.service')

/** Reads `Environment=NAME=value` lines (systemd.exec(5); values without spaces, so without quotes). */
export function parseEnvironment(text: string): Record<string, string> {
  return Object.fromEntries([...text.matchAll(/^Environment=(\w+)=(.*)$/gm)].map(([, name, value]) => [name, value]))
}

/** The unit's environment for a node of the benchmark. */
export function unitEnvironment(): Record<string, string> {
  const environment = parseEnvironment(readFileSync(unit, 'utf8'))
  return { ...environment, NODE_COMPILE_CACHE: join(tmpdir(), 'waypost-bench-compile-cache') }
}
