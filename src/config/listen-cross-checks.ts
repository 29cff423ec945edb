// Where a node would listen and store, as far as it can be seen beforehand: two listeners of one node never get one port, and nothing is
// stored below a file. What only the start can tell, such as a port that another program has, is left to it.

import { lstatSync, statSync } from 'node:fs'
import { isIP } from 'node:net'
import { formatEndpoint } from '../lib/endpoint.ts'
import type { Config } from './config.ts'
import type { Report } from './problem.ts'

interface Listening {
  readonly path: readonly string[]
  readonly host: string
  readonly port: number
}

/** Every pair of listeners that would ask for the same address, told at the later one. */
export function checkListening(config: Config, report: Report): void {
  const all = listening(config)
  for (const [index, one] of all.entries()) {
    const earlier = all.slice(0, index).find((other) => meets(one, other))
    if (earlier)
      report(
        [...one.path],
        `${one.path.join('.')}: found ${formatEndpoint(one)}, which ${earlier.path.join('.')} (${formatEndpoint(earlier)}) takes, expected an address and port of its own`,
      )
  }
}

/** A directory that is not there is made at the start; in place of a file or of a link to nothing it cannot be. */
export function checkData(config: Pick<Config, 'data'>, report: Report): void {
  const obstacle = obstacleAt(config.data)
  if (obstacle !== null) report(['data'], `data: found ${config.data}, which ${obstacle}, expected a directory`)
}

function listening({ listeners, admin, handover }: Config): Listening[] {
  return [
    ...listeners.map(({ name, host, port }) => ({ path: ['listen', name], host, port })),
    ...(admin ? [{ path: ['admin', 'listen'], ...admin.listen }] : []),
    ...(handover ? [{ path: ['handover', 'listen'], ...handover.listen }] : []),
  ]
}

/** `::` takes the addresses of both families, `0.0.0.0` all of IPv4; port 0 is any free one. */
function meets(one: Listening, other: Listening): boolean {
  if (one.port !== other.port || one.port === 0) return false
  const hosts = [one.host, other.host]
  if (one.host === other.host || hosts.includes('::')) return true
  return hosts.includes('0.0.0.0') && hosts.every((host) => isIP(host) === 4)
}

function obstacleAt(path: string): string | null {
  try {
    return statSync(path).isDirectory() ? null : 'is no directory'
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOTDIR') return 'lies below a file'
    return code === 'ENOENT' && lstatSync(path, { throwIfNoEntry: false }) ? 'is a link to nothing' : null
  }
}
