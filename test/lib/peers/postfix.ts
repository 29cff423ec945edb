// A throw-away Postfix: own configuration, queue and data folder, one loopback port, no chroot. Needs root, touches nothing of the
// machine's own Postfix. Values are Postfix's defaults wherever a test does not say otherwise.

import { spawnSync } from 'node:child_process'
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePort } from '../free-port.ts'
import { until } from '../until.ts'

export interface PostfixSettings {
  /** Postfix's `relayhost`, such as `[127.0.0.1]:2525`; none: Postfix looks for MX hosts itself. */
  readonly relayhost?: string
  readonly hostname?: string
  /** Port on 127.0.0.1; default a free one. */
  readonly listen?: { readonly host: string; readonly port: number }
  /** Further lines of main.cf. */
  readonly main?: Readonly<Record<string, string>>
  /** Further lines of master.cf. */
  readonly services?: readonly string[]
  /** False: no log, as on a host without syslog. Default true. */
  readonly log?: boolean
}

export interface Postfix {
  readonly port: number
  /** Holds `etc`, `queue`, `data`, `mail.log`; gone after `stop`. Tests may put further files there. */
  readonly folder: string
  /** Process id of its master. */
  readonly pid: number
  /** What it has logged so far. */
  log(): string
  /** Runs one of its commands (`postqueue`, `postsuper` …) on this instance; returns what it printed. */
  run(command: string, ...args: string[]): string
  /** Injects a message through its sendmail(1). */
  sendmail(sender: string, recipients: readonly string[], message: string): void
  stop(): Promise<void>
}

/** `name type private unpriv chroot wakeup maxproc command`, as a relaying Postfix needs them. */
const services = (host: string, port: number): readonly string[] => [
  `${host}:${port} inet n - n - - smtpd`,
  'pickup unix n - n 1 1 pickup',
  'cleanup unix n - n - 0 cleanup',
  'qmgr unix n - n 300 1 qmgr',
  'tlsmgr unix - - n 1000? 1 tlsmgr',
  'rewrite unix - - n - - trivial-rewrite',
  'bounce unix - - n - 0 bounce',
  'defer unix - - n - 0 bounce',
  'trace unix - - n - 0 bounce',
  'verify unix - - n - 1 verify',
  'flush unix n - n 1000? 0 flush',
  'proxymap unix - - n - - proxymap',
  'smtp unix - - n - - smtp',
  'relay unix - - n - - smtp',
  'showq unix n - n - - showq',
  'error unix - - n - - error',
  'retry unix - - n - - error',
  'discard unix - - n - - discard',
  'virtual unix - n n - - virtual',
  'lmtp unix - - n - - lmtp',
  'anvil unix - - n - 1 anvil',
  'scache unix - - n - 1 scache',
  'postlog unix-dgram n - n - 1 postlogd',
]

function mainCf(folder: string, settings: PostfixSettings): string {
  const values: Record<string, string> = {
    compatibility_level: '3.6',
    queue_directory: join(folder, 'queue'),
    data_directory: join(folder, 'data'),
    inet_interfaces: '127.0.0.1',
    inet_protocols: 'ipv4',
    myhostname: settings.hostname ?? 'postfix.test',
    mydestination: '',
    mynetworks: '127.0.0.0/8',
    alias_maps: '',
    alias_database: '',
    ...(settings.relayhost === undefined ? {} : { relayhost: settings.relayhost }),
    ...(settings.log === false ? {} : { maillog_file: join(folder, 'mail.log'), maillog_file_prefixes: folder }),
    ...settings.main,
  }
  return Object.entries(values)
    .map(([key, value]) => `${key} = ${value}\n`)
    .join('')
}

/** Postfix's own user has to get in, so the folder of mkdtemp is opened for reading. */
function makeFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'waypost-postfix-'))
  chmodSync(folder, 0o755)
  for (const part of ['etc', 'queue', 'data']) mkdirSync(join(folder, part), { mode: 0o755 })
  spawnSync('chown', ['postfix', join(folder, 'data')])
  return folder
}

/** Starts an instance and waits until it listens. */
export async function startPostfix(settings: PostfixSettings = {}): Promise<Postfix> {
  const folder = makeFolder()
  const etc = join(folder, 'etc')
  const { host, port } = settings.listen ?? { host: '127.0.0.1', port: await freePort() }
  writeFileSync(join(etc, 'main.cf'), mainCf(folder, settings))
  writeFileSync(join(etc, 'master.cf'), `${[...services(host, port), ...(settings.services ?? [])].join('\n')}\n`)
  const start = spawnSync('/usr/sbin/postfix', ['-c', etc, 'start'], { encoding: 'utf8' })
  if (start.status !== 0)
    throw new Error(`Postfix did not start: ${start.stderr}${readIfThere(join(folder, 'mail.log'))}`)
  return { port, folder, pid: readPid(folder), log: () => readIfThere(join(folder, 'mail.log')), ...commands(folder) }
}

function commands(folder: string): Pick<Postfix, 'run' | 'sendmail' | 'stop'> {
  const etc = join(folder, 'etc')
  const run = (command: string, args: readonly string[], input = ''): string => {
    const result = spawnSync(`/usr/sbin/${command}`, args, { encoding: 'utf8', input })
    if (result.status !== 0) throw new Error(`${command} ended with ${result.status}: ${result.stderr}`)
    return result.stdout
  }
  return {
    run: (command, ...args) => run(command, ['-c', etc, ...args]),
    sendmail: (sender, recipients, message) => {
      run('sendmail', ['-C', etc, '-i', '-f', sender, '--', ...recipients], message)
    },
    stop: async () => {
      const pid = readPid(folder)
      spawnSync('/usr/sbin/postfix', ['-c', etc, 'abort'])
      await until(() => !existsSync(`/proc/${pid}`), { what: 'Postfix to end' })
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

function readPid(folder: string): number {
  return Number(readFileSync(join(folder, 'queue/pid/master.pid'), 'utf8').trim())
}

function readIfThere(file: string): string {
  return existsSync(file) ? readFileSync(file, 'utf8') : ''
}
