// A temporary rspamd on loopback: one normal worker, own configuration, one rule, no network queries. It has no other module, or those that
// verify the sender, of which each look-up fails. A controller with a classifier is an addition.

import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePort } from '../free-port.ts'
import { until } from '../until.ts'

/** A mail with this in its subject gets this score, from the rule CHEAP_WATCHES. */
export const CHEAP = { subject: 'Cheap watches', score: 9.1 } as const

interface RspamdOptions {
  /** With the modules for SPF, DKIM, DMARC and ARC. */
  readonly verifies?: boolean
  /** Text added to its configuration. */
  readonly more?: string
}

export interface RspamdPeer {
  readonly url: string
  readonly socketUrl: string
  /** Its log so far: `asked qid: … ip: … user: … from: … rcpts: …` for each mail. */
  log(): string
  start(): Promise<void>
  /** Ends it; its folder stays. */
  stop(): Promise<void>
  close(): Promise<void>
}

/** Its own thresholds (conf/actions.conf). The list of top-level domains is short, or it compiles for a quarter of a minute. */
function configuration(folder: string, port: number, { verifies = false, more = '' }: RspamdOptions): string {
  const file = (name: string) => JSON.stringify(join(folder, name))
  return `
options {
  pidfile = ${file('pid')};
  filters = "regexp${verifies ? ',dkim' : ''}";
  dns { nameserver = ["127.0.0.1:9"]; timeout = 0.1s; retransmits = 1; sockets = 1; }
  local_addrs = [];
  url_tld = ${file('tld')};
  tempdir = ${file('tmp')};
  cache_file = ${file('cache')};
  hs_cache_dir = ${file('')};
  history_file = ${file('history')};
  dynamic_conf = ${file('dynamic')};
  stats_file = ${file('stats')};
  control_socket = ${JSON.stringify(`${join(folder, 'control.sock')} mode=0600`)};
}
logging {
  type = "file"; filename = ${file('log')}; level = "info";
  log_format = "asked$if_qid{ qid: <$>}$if_ip{ ip: $}$if_user{ user: $}$if_smtp_from{ from: <$>}$if_smtp_rcpts{ rcpts: <$>}";
}
actions { reject = 15; add_header = 6; greylist = 4; }
regexp { CHEAP_WATCHES { re = "Subject=/${CHEAP.subject}/i"; score = ${CHEAP.score}; } }
${verifies ? verification : ''}
worker "normal" {
  bind_socket = "127.0.0.1:${port}";
  bind_socket = ${JSON.stringify(`${join(folder, 'worker.sock')} mode=0600`)};
  count = 1;
}
${more}
`
}

const plugins = '/usr/share/rspamd/plugins'
const scored = [
  ['R_SPF_ALLOW', -0.2],
  ['R_SPF_FAIL', 1],
  ['R_SPF_DNSFAIL', 0.1],
  ['R_DKIM_ALLOW', -0.2],
  ['R_DKIM_REJECT', 1],
  ['R_DKIM_NA', 0.1],
  ['DMARC_POLICY_ALLOW', -0.5],
  ['DMARC_POLICY_REJECT', 2],
] as const

/** The weights are those of conf/scores.d/policies_group.conf, or small ones. */
const verification = `
modules { ${['settings', 'spf', 'dmarc', 'arc'].map((name) => `path = "${plugins}/${name}.lua";`).join(' ')} }
lua = "/usr/share/rspamd/rules/rspamd.lua";
settings { }
spf { }
dkim { }
dmarc { }
arc { }
group "policies" { symbols { ${scored.map(([name, weight]) => `"${name}" { weight = ${weight}; }`).join(' ')} } }
`

/** Starts one and waits until it answers. */
export async function startRspamd(options: RspamdOptions = {}): Promise<RspamdPeer> {
  const folder = mkdtempSync(join(tmpdir(), 'waypost-rspamd-'))
  const port = await freePort()
  mkdirSync(join(folder, 'tmp'))
  writeFileSync(join(folder, 'tld'), 'com\norg\nexample\n')
  writeFileSync(join(folder, 'rspamd.conf'), configuration(folder, port, options))
  const url = `http://127.0.0.1:${port}`
  let child: ChildProcess | null = null
  const stop = async () => {
    const running = child
    child = null
    if (!running || running.exitCode !== null) return
    const ended = once(running, 'exit')
    running.kill('SIGTERM')
    await ended
  }
  const start = async () => {
    // In the foreground, as the user of the test: its files are in the test's folder.
    child = spawn('/usr/bin/rspamd', ['-f', '-i', '-c', join(folder, 'rspamd.conf')], { stdio: 'ignore' })
    await until(() => answers(url), { what: 'rspamd to answer', timeout: 30_000 })
  }
  await start()
  return {
    url,
    socketUrl: `unix:${join(folder, 'worker.sock')}`,
    log: () => readFileSync(join(folder, 'log'), 'utf8'),
    start,
    stop,
    close: async () => {
      await stop()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

async function answers(url: string): Promise<boolean> {
  return fetch(`${url}/ping`).then(
    (answer) => answer.ok,
    () => false,
  )
}

/** Configuration of a controller; with the port of a Redis also of a classifier, which uses what it learned from the first message on. */
export function controllerConfiguration(own: {
  readonly port: number
  readonly password: string
  readonly redisPort: number | null
}): string {
  const worker = `worker "controller" {
  bind_socket = "127.0.0.1:${own.port}"; count = 1;
  password = "${own.password}"; enable_password = "${own.password}"; secure_ip = ["192.0.2.1"];
}`
  return own.redisPort === null ? worker : `${worker}\n${classifier(own.redisPort)}`
}

function classifier(redisPort: number): string {
  return `classifier "bayes" {
  tokenizer { name = "osb"; }
  cache { }
  backend = "redis"; servers = "127.0.0.1:${redisPort}"; new_schema = true;
  min_tokens = 11; min_token_hits = 1; min_learns = 1;
  statfile { symbol = "BAYES_HAM"; spam = false; }
  statfile { symbol = "BAYES_SPAM"; spam = true; }
}
group "statistics" { symbols = { "BAYES_SPAM" { weight = 5.1; } "BAYES_HAM" { weight = -3; } } }`
}
