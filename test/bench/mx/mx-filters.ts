// The filters of the benchmark `mx`, each started for it alone: rspamd with Debian's modules, and OpenDKIM with OpenDMARC. None of them
// asks beyond the local DNS.

import { spawn, type SpawnOptions } from 'node:child_process'
import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePort } from '../../lib/free-port.ts'
import { isListening } from '../../lib/listening.ts'
import { until } from '../../lib/until.ts'
import { askingModules, startBenchRspamd, withoutModules } from '../bench-rspamd.ts'
import { endHelpers } from '../helper-processes.ts'

export const AUTHSERV_ID = 'bench.relay.example'

export interface Filter {
  /** For `smtpd_milters`, in their order. */
  readonly milters: readonly string[]
  /** The URL for HTTP, of rspamd only. */
  readonly url?: string
  readonly pids: readonly number[]
  stop(): Promise<void>
}

/** Files of local.d. The thresholds are high: the benchmark measures verification, and its mail has no history. */
const rspamdFiles = (dns: string): Record<string, string> => ({
  ...withoutModules(`${askingModules} dkim_signing`),
  'options.inc': `dns { nameserver = ["${dns}"]; }\nfilters = "chartable,dkim,regexp";\nlocal_addrs = [];\n`,
  'actions.conf': 'reject = 1000; add_header = 999; greylist = 998;\n',
  'milter_headers.conf': 'use = ["authentication-results"];\n',
})

/** @param dns the address of the resolver, on port 53 */
export async function startRspamdFilter(dns: string): Promise<Filter> {
  const { http, milter, ...process } = await startBenchRspamd(rspamdFiles(dns))
  return { milters: [`inet:127.0.0.1:${milter}`], url: `http://127.0.0.1:${http}`, ...process }
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
    stop: () => endHelpers(children, folder),
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
