// Mailman 3 as a list server: a configuration in a folder, one list with members, and its processes. Debian runs it as the user `list`.

import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { chownSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { freePort } from '../free-port.ts'
import { isListening } from '../listening.ts'
import { until } from '../until.ts'

export interface Mailman {
  stop(): Promise<void>
}

export interface MailmanSettings {
  readonly folder: string
  readonly list: string
  readonly members: readonly string[]
  readonly lmtpPort: number
  /** Where it sends. */
  readonly smtp: { readonly host: string; readonly port: number }
}

/** It imports much; a busy machine needs time. */
const PATIENCE_MS = 60_000
/** Runners that a post does not pass. */
const unused = ['retry', 'nntp', 'digest', 'command', 'rest', 'archive']

/** From: of each post is the list, as the how-to page asks. */
const mitigation = `
from mailman.interfaces.mailinglist import DMARCMitigateAction
m.dmarc_mitigate_action = DMARCMitigateAction.munge_from
m.dmarc_mitigate_unconditionally = True
commit()
`

export async function startMailman({ folder, list, members, lmtpPort, smtp }: MailmanSettings): Promise<Mailman> {
  const [uid = 0, gid = 0] = userNumbers('list')
  const home = join(folder, 'mailman')
  const config = join(home, 'mailman.cfg')
  mkdirSync(home)
  const sections: [string, Record<string, string | number>][] = [
    ['mailman', { layout: 'here', site_owner: `postmaster@${list.split('@')[1]}` }],
    ['paths.here', { var_dir: join(home, 'var'), bin_dir: '/usr/lib/mailman3/bin' }],
    [
      'mta',
      {
        incoming: 'mailman.mta.null.NullMTA',
        lmtp_host: '127.0.0.1',
        lmtp_port: lmtpPort,
        smtp_host: smtp.host,
        smtp_port: smtp.port,
      },
    ],
    // In place of the list of public suffixes that it would fetch.
    ['dmarc', { org_domain_data_url: `file://${join(home, 'suffixes')}` }],
    ['webservice', { port: await freePort() }],
    ...unused.map((name): [string, Record<string, string>] => [`runner.${name}`, { start: 'no' }]),
  ]
  const text = sections.map(([name, keys]) =>
    [`[${name}]`, ...Object.entries(keys).map(([key, value]) => `${key}: ${value}`), ''].join('\n'),
  )
  writeFileSync(config, text.join('\n'))
  writeFileSync(join(home, 'suffixes'), 'example\norg\n')
  writeFileSync(join(home, 'members'), `${members.join('\n')}\n`)
  chownSync(home, uid, gid)
  const options = { uid, gid, env: { ...process.env, HOME: home }, cwd: home }
  const run = (args: readonly string[], input = '') => {
    const { status, stderr } = spawnSync('/usr/bin/mailman', ['-C', config, ...args], {
      ...options,
      input,
      encoding: 'utf8',
      timeout: PATIENCE_MS,
    })
    if (status !== 0) throw new Error(`mailman ${args.join(' ')}: ${stderr}`)
  }
  run(['create', '--domain', list])
  run(['addmembers', join(home, 'members'), list])
  run(['shell', '-l', list], mitigation)
  const master = spawn('/usr/lib/mailman3/bin/master', ['-C', config], { ...options, stdio: 'ignore', detached: true })
  await until(() => isListening(lmtpPort), { what: 'the LMTP server of Mailman', timeout: PATIENCE_MS })
  return { stop: () => ended(master) }
}

function ended(master: ChildProcess): Promise<void> {
  return new Promise((resolve) => {
    master.once('close', () => resolve())
    // With its runners, which are its process group; they would take half a minute to end by themselves.
    process.kill(-(master.pid as number), 'SIGKILL')
  })
}

function userNumbers(name: string): readonly number[] {
  const lines = readFileSync('/etc/passwd', 'utf8').split('\n')
  const [, , ...numbers] = lines.map((line) => line.split(':')).find(([user]) => user === name) ?? []
  return numbers.slice(0, 2).map(Number)
}
