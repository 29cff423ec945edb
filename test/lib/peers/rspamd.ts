// A temporary rspamd on loopback: one normal worker, own configuration, one rule and no other module, no network queries.

import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePort } from '../free-port.ts'
import { until } from '../until.ts'

/** A mail with this in its subject gets this score, from the rule CHEAP_WATCHES. */
export const CHEAP = { subject: 'Cheap watches', score: 9.1 } as const

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
function configuration(folder: string, port: number): string {
  const file = (name: string) => JSON.stringify(join(folder, name))
  return `
options {
  pidfile = ${file('pid')};
  filters = "regexp";
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
worker "normal" {
  bind_socket = "127.0.0.1:${port}";
  bind_socket = ${JSON.stringify(`${join(folder, 'worker.sock')} mode=0600`)};
  count = 1;
}
`
}

/** Starts one and waits until it answers. */
export async function startRspamd(): Promise<RspamdPeer> {
  const folder = mkdtempSync(join(tmpdir(), 'waypost-rspamd-'))
  const port = await freePort()
  mkdirSync(join(folder, 'tmp'))
  writeFileSync(join(folder, 'tld'), 'com\norg\nexample\n')
  writeFileSync(join(folder, 'rspamd.conf'), configuration(folder, port))
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
