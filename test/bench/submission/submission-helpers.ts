// What stands beside Postfix in the benchmark `submission`: Dovecot checks passwords, OpenDKIM or rspamd signs.

import { spawn } from 'node:child_process'
import { chmodSync, existsSync, mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePort } from '../../lib/free-port.ts'
import { isListening } from '../../lib/listening.ts'
import { until } from '../../lib/until.ts'
import { askingModules, startBenchRspamd, withoutModules } from '../bench-rspamd.ts'
import { endHelpers } from '../helper-processes.ts'
import { type KeyName, OWN_DOMAIN, type SubmissionWorld } from './submission-world.ts'

export interface Helper {
  readonly pids: readonly number[]
  stop(): Promise<void>
}

export interface Signer extends Helper {
  /** For `smtpd_milters`. */
  readonly milter: string
}

export interface SaslServer extends Helper {
  /** For `smtpd_sasl_path`. */
  readonly socket: string
}

const PATIENCE = 15_000

/** Dovecot's auth process with its default settings for the users of the world. Its socket is for every user. */
export async function startDovecot(world: SubmissionWorld): Promise<SaslServer> {
  const folder = mkdtempSync(join(world.folder, 'dovecot-'))
  // Postfix's user connects to the socket.
  chmodSync(folder, 0o755)
  const socket = join(folder, 'sasl')
  writeFileSync(join(folder, 'dovecot.conf'), dovecotConf(folder, socket, world.passwd))
  const child = spawn('/usr/sbin/dovecot', ['-F', '-c', join(folder, 'dovecot.conf')], {
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  await until(() => existsSync(socket), { what: 'Dovecot to listen', timeout: PATIENCE })
  return { socket, pids: [child.pid as number], stop: () => endHelpers([child], folder) }
}

function dovecotConf(folder: string, socket: string, passwd: string): string {
  return `
base_dir = ${folder}/run
state_dir = ${folder}/state
log_path = /dev/null
protocols =
listen = 127.0.0.1
ssl = no
auth_mechanisms = plain
passdb {
  driver = passwd-file
  args = scheme=CRYPT username_format=%u ${passwd}
}
userdb {
  driver = static
  args = uid=nobody gid=nogroup home=/nonexistent
}
service auth {
  unix_listener ${socket} {
    mode = 0666
  }
}
`
}

/** OpenDKIM signs with one key: its algorithm is a setting of the process. */
export async function startOpenDkim(world: SubmissionWorld): Promise<Signer> {
  const folder = mkdtempSync(join(tmpdir(), 'waypost-bench-opendkim-'))
  const port = await freePort()
  const file = join(folder, 'opendkim.conf')
  const settings = [
    'Mode s',
    `Socket inet:${port}@127.0.0.1`,
    `Domain ${OWN_DOMAIN}`,
    'Selector rsa',
    `KeyFile ${world.signing.rsa.file}`,
    'RequireSafeKeys false',
    'Canonicalization relaxed/relaxed',
    'Syslog no',
  ]
  writeFileSync(file, `${settings.join('\n')}\n`)
  const child = spawn('/usr/sbin/opendkim', ['-f', '-x', file], { stdio: ['ignore', 'ignore', 'inherit'] })
  await until(() => isListening(port), { what: 'OpenDKIM to listen', timeout: PATIENCE })
  const stop = () => endHelpers([child], folder)
  return { milter: `inet:127.0.0.1:${port}`, pids: [child.pid as number], stop }
}

/** Modules that judge or mark mail from the internet. */
const judgingModules =
  'dmarc spf mid once_received hfilter emails forged_recipients maillist mime_types multimap whitelist trie trusted_reply ' +
  'bounce force_actions spamassassin regexp chartable_module settings aliases known_senders http_headers milter_headers'

/** rspamd signs with these keys, and does nothing else. */
export async function startSigningRspamd(world: SubmissionWorld, keys: readonly KeyName[]): Promise<Signer> {
  const selectors = keys.map((name) => `{ path = "${world.signing[name].rspamdFile}"; selector = "${name}"; }`)
  const { milter, ...process } = await startBenchRspamd({
    ...withoutModules(`${askingModules} ${judgingModules}`),
    'options.inc': 'filters = "dkim"; local_addrs = [];\n',
    'actions.conf': 'reject = null; add_header = null; greylist = null;\n',
    'dkim.conf': 'dkim_cache_size = 2k;\n',
    'dkim_signing.conf': `enabled = true; sign_authenticated = true; allow_username_mismatch = true; use_domain = "header"; try_fallback = false; check_pubkey = false;
domain { ${OWN_DOMAIN} { selectors [ ${selectors.join(', ')} ] } }
`,
  })
  return { ...process, milter: `inet:127.0.0.1:${milter}` }
}
