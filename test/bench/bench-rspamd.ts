// Starts rspamd for a benchmark alone: Debian's configuration with other files in local.d.

import { spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePort } from '../lib/free-port.ts'
import { isListening } from '../lib/listening.ts'
import { until } from '../lib/until.ts'
import { endHelpers } from './helper-processes.ts'

export interface BenchRspamd {
  /** Its port for HTTP. */
  readonly http: number
  /** Its port for a milter. */
  readonly milter: number
  readonly pids: readonly number[]
  stop(): Promise<void>
}

/** rspamd compiles its regular expressions at the first start; the folder keeps them for the next ones. */
const START_PATIENCE = 120_000

/** Modules that ask lists or servers beyond the machine, or need Redis. */
export const askingModules =
  'rbl fuzzy_check phishing asn url_redirector greylist ratelimit replies history_redis neural reputation mx_check antivirus ' +
  'dcc p0f bayes_expiry arc external_relay elastic clickhouse metadata_exporter metric_exporter rspamd_update'

/** Files of local.d that switch modules off. @param names separated by spaces */
export function withoutModules(names: string): Record<string, string> {
  return Object.fromEntries(names.split(' ').map((name) => [`${name}.conf`, 'enabled = false;\n']))
}

/** One worker process of each kind for each core of the benchmark. @param files further files of local.d, by name */
export async function startBenchRspamd(files: Readonly<Record<string, string>>): Promise<BenchRspamd> {
  const folder = mkdtempSync(join(tmpdir(), 'waypost-bench-rspamd-'))
  const [http, milter] = [await freePort(), await freePort()]
  mkdirSync(join(folder, 'local.d'))
  const all = {
    'logging.inc': 'level = "error";\n',
    'classifier-bayes.conf': 'enabled = false;\n',
    'worker-controller.inc': 'enabled = false; count = 0;\n',
    'worker-normal.inc': `bind_socket = "127.0.0.1:${http}"; count = 2;\n`,
    'worker-proxy.inc': `bind_socket = "127.0.0.1:${milter}"; count = 2;\nupstream "local" { default = yes; self_scan = yes; }\n`,
    ...files,
  }
  for (const [name, text] of Object.entries(all)) writeFileSync(join(folder, 'local.d', name), text)
  const compiled = join(tmpdir(), 'waypost-bench-rspamd-db')
  mkdirSync(compiled, { recursive: true })
  const places = { DBDIR: compiled, RUNDIR: folder, LOGDIR: folder, LOCAL_CONFDIR: folder }
  const variables = Object.entries(places).map(([name, value]) => `--var=${name}=${value}`)
  const child = spawn('/usr/bin/rspamd', ['-f', '-i', '-c', '/etc/rspamd/rspamd.conf', ...variables], {
    stdio: 'ignore',
  })
  for (const port of [http, milter])
    await until(() => isListening(port), { what: 'rspamd to listen', timeout: START_PATIENCE })
  return { http, milter, pids: [child.pid as number], stop: () => endHelpers([child], folder) }
}
