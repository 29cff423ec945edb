// The filters of the benchmark `mx`, each started for it alone: rspamd with Debian's modules, and OpenDKIM with OpenDMARC. None of them
// asks beyond the local DNS.

import { type ChildProcess, spawn, type SpawnOptions } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePort } from '../../lib/free-port.ts'
import { isListening } from '../../lib/listening.ts'
import { until } from '../../lib/until.ts'

export const AUTHSERV_ID = 'bench.relay.example'

export interface Filter {
  /** For `smtpd_milters`, in their order. */
  readonly milters: readonly string[]
  /** The URL for HTTP, of rspamd only. */
  readonly url?: string
  readonly pids: readonly number[]
  stop(): Promise<void>
}

/** rspamd compiles its regular expressions at the first start; the folder keeps them for the next ones. */
const START_PATIENCE = 120_000

/** Modules that ask lists or servers beyond the machine, or need Redis. */
const unusedModules =
  'rbl fuzzy_check phishing asn url_redirector greylist ratelimit replies history_redis neural reputation mx_check antivirus ' +
  'dcc p0f bayes_expiry dkim_signing arc external_relay elastic clickhouse metadata_exporter metric_exporter rspamd_update'

/** Files of local.d. The thresholds are high: the benchmark measures verification, and its mail has no history. */
function rspamdFiles(at: { readonly http: number; readonly milter: number; readonly dns: string }) {
  const off = unusedModules.split(' ').map((name) => [`${name}.conf`, 'enabled = false;\n'] as const)
  return Object.fromEntries([
    ...off,
    ['options.inc', `dns { nameserver = ["${at.dns}"]; }\nfilters = "chartable,dkim,regexp";\nlocal_addrs = [];\n`],
    ['actions.conf', 'reject = 1000; add_header = 999; greylist = 998;\n'],
    ['classifier-bayes.conf', 'enabled = false;\n'],
    ['logging.inc', 'level = "error";\n'],
    ['milter_headers.conf', 'use = ["authentication-results"];\n'],
    ['worker-controller.inc', 'enabled = false; count = 0;\n'],
    ['worker-normal.inc', `bind_socket = "127.0.0.1:${at.http}"; count = 2;\n`],
    [
      'worker-proxy.inc',
      `bind_socket = "127.0.0.1:${at.milter}"; count = 2;\nupstream "local" { default = yes; self_scan = yes; }\n`,
    ],
  ]) as Record<string, string>
}

/** One worker process of each kind for each core of the benchmark. @param dns the address of the resolver, on port 53 */
export async function startBenchRspamd(dns: string): Promise<Filter> {
  const folder = mkdtempSync(join(tmpdir(), 'waypost-bench-rspamd-'))
  const [http, milter] = [await freePort(), await freePort()]
  mkdirSync(join(folder, 'local.d'))
  for (const [name, text] of Object.entries(rspamdFiles({ http, milter, dns })))
    writeFileSync(join(folder, 'local.d', name), text)
  const compiled = join(tmpdir(), 'waypost-bench-rspamd-db')
  mkdirSync(compiled, { recursive: true })
  const places = { DBDIR: compiled, RUNDIR: folder, LOGDIR: folder, LOCAL_CONFDIR: folder }
  const variables = Object.entries(places).map(([name, value]) => `--var=${name}=${value}`)
  const child = spawn('/usr/bin/rspamd', ['-f', '-i', '-c', '/etc/rspamd/rspamd.conf', ...variables], {
    stdio: 'ignore',
  })
  for (const port of [http, milter])
    await until(() => isListening(port), { what: 'rspamd to listen', timeout: START_PATIENCE })
  return {
    milters: [`inet:127.0.0.1:${milter}`],
    url: `http://127.0.0.1:${http}`,
    pids: [child.pid as number],
    stop: () => end([child], folder),
  }
}

/** OpenDKIM verifies signatures, OpenDMARC then evaluates SPF and DMARC. @param dns the address of the resolver, on port 53 */
export async function startOpenFilters(dns: string): Promise<Filter> {
  const folder = mkdtempSync(join(tmpdir(), 'waypost-bench-milters-'))
  const [dkim, dmarc] = [await freePort(), await freePort()]
  writeFileSync(join(folder, 'nothing'), '')
  writeFileSync(join(folder, 'opendkim.conf'), opendkimConf(folder, dkim, dns))
  writeFileSync(join(folder, 'opendmarc.conf'), opendmarcConf(folder, dmarc))
  const options: SpawnOptions = { stdio: ['ignore', 'ignore', 'inherit'] }
  const children = [
    spawn('/usr/sbin/opendkim', ['-f', '-x', join(folder, 'opendkim.conf')], options),
    spawn('/usr/sbin/opendmarc', ['-f', '-c', join(folder, 'opendmarc.conf')], options),
  ]
  for (const port of [dkim, dmarc])
    await until(() => isListening(port), { what: 'the milters to listen', timeout: 15_000 })
  return {
    milters: [`inet:127.0.0.1:${dkim}`, `inet:127.0.0.1:${dmarc}`],
    pids: children.map(({ pid }) => pid as number),
    stop: () => end(children, folder),
  }
}

/** No host is internal, so every message is verified. */
function opendkimConf(folder: string, port: number, dns: string): string {
  return [
    'Mode v',
    `Socket inet:${port}@127.0.0.1`,
    `AuthservID ${AUTHSERV_ID}`,
    'AlwaysAddARHeader yes',
    `InternalHosts ${join(folder, 'nothing')}`,
    `Nameservers ${dns}`,
    'Syslog no',
    '',
  ].join('\n')
}

function opendmarcConf(folder: string, port: number): string {
  return [
    `Socket inet:${port}@127.0.0.1`,
    `AuthservID ${AUTHSERV_ID}`,
    `TrustedAuthservIDs ${AUTHSERV_ID}`,
    `IgnoreHosts ${join(folder, 'nothing')}`,
    'PublicSuffixList /usr/share/publicsuffix/public_suffix_list.dat',
    'SPFIgnoreResults true',
    'SPFSelfValidate true',
    'RejectFailures false',
    'Syslog false',
    '',
  ].join('\n')
}

async function end(children: readonly ChildProcess[], folder: string): Promise<void> {
  for (const child of children) {
    if (child.exitCode !== null || child.signalCode !== null) continue
    const ended = once(child, 'exit')
    child.kill('SIGTERM')
    await ended
  }
  rmSync(folder, { recursive: true, force: true })
}
