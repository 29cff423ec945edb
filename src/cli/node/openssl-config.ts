// Starts the process again with src/openssl.cnf, which OpenSSL reads only at the start of a process. The unit, the image and the wrapper
// give it to Node themselves; this is for `waypost run` without them.

import { fileURLToPath } from 'node:url'
import { line } from '../io.ts'
import type { Io } from '../io.ts'

const FILE = fileURLToPath(new URL('../../openssl.cnf', import.meta.url))

/** The facts of the process that decide. */
export interface Started {
  /** `process.execArgv`: the options of Node. */
  readonly options: readonly string[]
  readonly environment: Readonly<Record<string, string | undefined>>
}

/** True if OpenSSL has read a configuration that was chosen for this process: ours, or one of the operator, which stays in use. */
export function hasOpensslConfig({ options, environment }: Started): boolean {
  const fromOptions = [...options, environment['NODE_OPTIONS'] ?? ''].some((one) => one.includes('--openssl-config'))
  return fromOptions || Boolean(environment['OPENSSL_CONF'])
}

/**
 * Replaces the process by one with our OpenSSL configuration, if it has none. PID, standard streams and environment stay the same. Returns
 * if nothing is to be done, or if the system cannot replace a process.
 */
export function restartWithOpensslConfig(io: Pick<Io, 'stderr'>): void {
  if (hasOpensslConfig({ options: process.execArgv, environment: process.env })) return
  const command = [process.argv0, `--openssl-config=${FILE}`, ...process.execArgv, ...process.argv.slice(1)]
  try {
    process.execve?.(process.execPath, command)
  } catch (error) {
    const cause = (error as Error).message
    line(io.stderr, `cannot restart with ${FILE}: ${cause}; listeners send TLS 1.3 session tickets`)
  }
}
