// Programs that send mail by `sendmail`: PHP, git, s-nail, mutt, Python and Perl, each with a command of that name that is ours. They talk to a
// real client node, which sends to a test host in place of the mta.

import { spawnSync } from 'node:child_process'
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ensurePeers } from '../lib/peers/ensure.ts'
import { type PeerMessage, type SmtpPeer, startSmtpPeer } from '../lib/smtp-peer.ts'
import { until } from '../lib/until.ts'
import { startWorld, type WholeNode, type World } from '../lib/whole-node.ts'

const root = join(import.meta.dirname, '../..')
/** A program that hangs is a finding. */
const PATIENCE_MS = 30_000

let world: World
let mta: SmtpPeer
let node: WholeNode
let env: NodeJS.ProcessEnv
let program: string

beforeAll(async () => {
  world = await startWorld()
  const address = world.newAddress()
  mta = await startSmtpPeer({ host: address, extensions: ['8BITMIME', 'DSN', 'SIZE'] })
  node = await world.node({
    role: 'client',
    yaml: {
      mail: [],
      dkim: undefined,
      srs: undefined,
      peers: { mta: [`${address}:${mta.port}`] },
      local_names: { rewrite: true },
    },
  })
  const bin = join(world.folder, 'bin')
  const settings = join(world.folder, 'sendmail.conf')
  mkdirSync(bin)
  program = join(bin, 'sendmail')
  // As an installation does it: one wrapper, and links with the other names.
  symlinkSync(join(root, 'deploy/waypost'), program)
  symlinkSync(join(root, 'deploy/waypost'), join(bin, 'mailq'))
  symlinkSync(join(root, 'deploy/waypost'), join(bin, 'newaliases'))
  writeFileSync(settings, `server ${node.address}:${node.port}\ndrop none\nnode ${node.config}\n`)
  env = {
    ...process.env,
    PATH: `${bin}:${process.env['PATH']}`,
    NODE: process.execPath,
    WAYPOST_HOME: root,
    WAYPOST_SENDMAIL_CONF: settings,
    HOME: world.folder,
    USER: 'kim',
  }
})
afterAll(async () => {
  await world.close()
  await mta.close()
})

function run(command: string, args: readonly string[], input = ''): string {
  const { status, stdout, stderr } = spawnSync(command, args, {
    env,
    input,
    cwd: world.folder,
    encoding: 'utf8',
    timeout: PATIENCE_MS,
  })
  if (status !== 0) throw new Error(`${command} ${args.join(' ')} ended with ${status}: ${stdout}${stderr}`)
  return stdout
}

async function arrived(subject: string): Promise<PeerMessage & { readonly text: string }> {
  const found = () => mta.messages.find(({ data }) => data.includes(`Subject: ${subject}\r\n`))
  await until(() => found() !== undefined, { what: `${subject} to arrive` })
  const message = found() as PeerMessage
  return { ...message, text: message.data.toString() }
}
const paths = ({ mail, rcpts }: PeerMessage) => [mail, ...rcpts].map((line) => /<.*?>/.exec(line)?.[0])

describe.runIf(ensurePeers(['php']))('PHP', () => {
  it('mail() with its default command', async () => {
    const code =
      'exit(mail("kim@a.example", "from php", "Hello\\n.\\nend", ["Cc" => "lee@b.example"], "-fweb@example.org") ? 0 : 1);'
    run('php', ['-d', `sendmail_path=${program} -t -i`, '-r', code])
    const message = await arrived('from php')
    expect(paths(message)).toEqual(['<web@example.org>', '<kim@a.example>', '<lee@b.example>'])
    expect(message.text).toMatch(/Hello\r\n\.\r\nend\r\n$/)
  })
})

describe.runIf(ensurePeers(['git-send-email']))('git', () => {
  it('send-email', async () => {
    const patch = join(world.folder, '0001-x.patch')
    writeFileSync(
      patch,
      'From 0123456789012345678901234567890123456789 Mon Sep 17 00:00:00 2001\nFrom: Kim <kim@example.org>\nDate: Mon, 2 Nov 2026 10:00:00 +0000\nSubject: [PATCH] from git\n\n---\n x | 1 +\n',
    )
    const options = ['--from', 'kim@example.org', '--to', 'list@a.example', '--confirm=never', '--suppress-cc=all']
    run('git', [
      '-c',
      'user.name=Kim',
      '-c',
      'user.email=kim@example.org',
      'send-email',
      `--smtp-server=${program}`,
      '--envelope-sender=auto',
      ...options,
      patch,
    ])
    expect(paths(await arrived('[PATCH] from git'))).toEqual(['<kim@example.org>', '<list@a.example>'])
  })
})

describe.runIf(ensurePeers(['s-nail']))('s-nail', () => {
  it('with a sender', async () => {
    const options = ['-n', '-s', 'from s-nail', '-r', 'ops@example.org', '-S', `mta=${program}`, '-b', 'lee@b.example']
    run('s-nail', [...options, 'kim@a.example'], 'Hello\n.\nend\n')
    const message = await arrived('from s-nail')
    expect(paths(message)).toEqual(['<ops@example.org>', '<kim@a.example>', '<lee@b.example>'])
    expect(message.text).not.toMatch(/^Bcc/im)
  })
})

describe.runIf(ensurePeers(['mutt']))('mutt', () => {
  it('with a sender and DSNs', async () => {
    const settings = [
      'set from=ops@example.org',
      'set use_envelope_from=yes',
      'set dsn_notify=never',
      `set sendmail="${program} -oem -oi"`,
      'set copy=no',
    ]
    run(
      'mutt',
      ['-n', '-F', '/dev/null', ...settings.flatMap((one) => ['-e', one]), '-s', 'from mutt', '--', 'kim@a.example'],
      'Hello\n',
    )
    const message = await arrived('from mutt')
    expect(paths(message)).toEqual(['<ops@example.org>', '<kim@a.example>'])
    expect(message.rcpts[0]).toContain('NOTIFY=NEVER')
  })
})

describe('Python', () => {
  it('subprocess and smtplib', async () => {
    const code = `
import smtplib, subprocess
from email.message import EmailMessage
def make(subject):
    m = EmailMessage()
    m["From"], m["To"], m["Subject"] = "root", "kim@a.example", subject
    m.set_content("Grüße\\n.\\n")
    return m
subprocess.run(["sendmail", "-t", "-oi"], input=bytes(make("from python")), check=True)
with smtplib.SMTP("${node.address}", ${node.port}) as s: s.send_message(make("from smtplib"))
`
    run('python3', ['-c', code])
    expect((await arrived('from python')).text).toMatch(/^From: root@example\.org\r$/m)
    expect(paths(await arrived('from smtplib'))).toEqual(['<root@example.org>', '<kim@a.example>'])
  })
})

describe('Perl', () => {
  it('a pipe, and Net::SMTP', async () => {
    const code = `
use Net::SMTP;
open(my $mail, "|sendmail -oi -t -fops\\@example.org") or die; print $mail "To: kim\\@a.example\\nSubject: from perl\\n\\nx\\n"; close($mail) or die "status $?";
my $smtp = Net::SMTP->new("${node.address}", Port => ${node.port}) or die;
$smtp->mail("root") and $smtp->to("kim\\@a.example") and $smtp->data("Subject: from Net::SMTP\\n\\nx\\n") or die; $smtp->quit;
`
    run('perl', ['-e', code])
    expect(paths(await arrived('from perl'))).toEqual(['<ops@example.org>', '<kim@a.example>'])
    expect(paths(await arrived('from Net::SMTP'))).toEqual(['<root@example.org>', '<kim@a.example>'])
  })

  it.runIf(ensurePeers(['mime-lite']))('MIME::Lite', async () => {
    const code = `use MIME::Lite; MIME::Lite->send("sendmail", "${program} -t -oi -oem");
MIME::Lite->new(From => "ops\\@example.org", To => "kim\\@a.example", Subject => "from MIME::Lite", Data => "x")->send or die;`
    run('perl', ['-e', code])
    expect((await arrived('from MIME::Lite')).text).toMatch(/^From: ops@example\.org\r$/m)
  })
})

describe('the other names', () => {
  it('mailq shows the queue, newaliases has nothing to do', () => {
    expect(run('mailq', [])).toMatch(/^(no messages|\d+ |.*queue)/im)
    expect(run('newaliases', [])).toBe('')
  })
})
