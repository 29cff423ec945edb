// Starts the process again with src/openssl.cnf, which OpenSSL reads only at the start of a process. The unit, the image and the wrapper
// give it to Node themselves; this is for `waypost run` without them.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { isSea } from 'node:sea'
import { programFile, readFileText } from '../../lib/program-files.ts'
import { line } from '../io.ts'
import type { Io } from '../io.ts'

const FILE = programFile('src/openssl.cnf')

/** Names the folder of a copy that only this start needs; set by the executable for the process that it becomes. */
const COPY = 'WAYPOST_OPENSSL_COPY'
const COPY_PREFIX = 'waypost-openssl-'

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
  if (removeCopy()) return
  if (hasOpensslConfig({ options: process.execArgv, environment: process.env })) return
  try {
    if (isSea()) restartExecutable()
    else process.execve?.(process.execPath, nodeCommand())
  } catch (error) {
    const cause = (error as Error).message
    line(io.stderr, `cannot restart with ${FILE}: ${cause}; listeners send TLS 1.3 session tickets`)
  }
}

function nodeCommand(): string[] {
  return [process.argv0, `--openssl-config=${FILE}`, ...process.execArgv, ...process.argv.slice(1)]
}

/** OpenSSL cannot read a file inside the executable, and Node takes no options from its command line. */
function restartExecutable(): void {
  const folder = mkdtempSync(join(tmpdir(), COPY_PREFIX))
  try {
    const copy = join(folder, 'openssl.cnf')
    writeFileSync(copy, readFileText(FILE))
    const command = [process.argv0, ...process.argv.slice(2)]
    process.execve?.(process.execPath, command, { ...process.env, OPENSSL_CONF: copy, [COPY]: folder })
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** True if this process has the copy of `restartExecutable`. OpenSSL has read it; children of this process must not look for it. */
function removeCopy(): boolean {
  const { [COPY]: folder, OPENSSL_CONF: file } = process.env
  if (folder === undefined || file === undefined) return false
  if (dirname(file) !== folder || !basename(folder).startsWith(COPY_PREFIX)) return false
  delete process.env[COPY]
  delete process.env['OPENSSL_CONF']
  rmSync(folder, { recursive: true, force: true })
  return true
}
