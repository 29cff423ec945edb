// The command `npm run bench -- mx`. Options: --messages N --rounds N --sessions N, --only TEXT for mail servers whose name contains it.
// It runs itself again in a mount namespace whose resolv.conf names the local DNS, because Postfix and the milters have no other setting.

import { spawnSync } from 'node:child_process'
import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { missingPeers } from '../../lib/peers/ensure.ts'
import { formatMx, type MxPage } from './mx-report.ts'
import { measureMx, RESOLVER } from './mx-rows.ts'

export interface MxOptions {
  readonly messages: string
  readonly rounds: string
  readonly sessions: string
  readonly only?: string | undefined
  readonly say: (line: string) => void
}

const INSIDE = 'WAYPOST_BENCH_NAMESPACE'

/** Runs this process again in its namespace and ends with the exit code of that run; returns in the namespace. */
export function enterMxNamespace(): void {
  const missing = missingPrograms()
  if (missing.length > 0) throw new Error(`the benchmark needs more programs: ${missing.join('; ')}`)
  if (process.env[INSIDE] === undefined) process.exit(runInside())
}

/** The section of the page. */
export async function runMxBenchmark(page: MxPage, options: MxOptions): Promise<string> {
  const { messages, rounds, sessions, only = '', say } = options
  const choice = { messages: Number(messages), rounds: Number(rounds), sessions: Number(sessions), only, say }
  return formatMx(page, await measureMx(choice))
}

function missingPrograms(): string[] {
  const missing = missingPeers(['postfix', 'rspamd', 'opendkim', 'nsd', 'unbound'])
  const opendmarc = spawnSync('sh', ['-c', 'PATH="$PATH:/usr/sbin"; command -v opendmarc']).status === 0
  return opendmarc ? missing : [...missing, 'opendmarc is not installed (Debian package opendmarc)']
}

function runInside(): number {
  const resolv = join(mkdtempSync(join(tmpdir(), 'waypost-bench-resolv-')), 'resolv.conf')
  writeFileSync(resolv, `nameserver ${RESOLVER}\n`, { mode: 0o644 })
  const script = 'mount --bind "$1" /etc/resolv.conf && shift && exec "$@"'
  const again = [process.execPath, ...process.execArgv, ...process.argv.slice(1)]
  const run = spawnSync('unshare', ['--mount', 'sh', '-c', script, 'sh', resolv, ...again], {
    stdio: 'inherit',
    env: { ...process.env, [INSIDE]: '1' },
  })
  return run.status ?? 1
}
