// The LDAP server ends. The nodes know the people of their last read, but a person that is new in the directory is not among them.

import { sendTestMail } from '../../cli/mail/mail-client.ts'
import { externalAddress, nodeAddresses } from '../demo-addresses.ts'
import { type DirectoryServer, startDirectoryServer } from '../directory-server.ts'
import { ARRIVAL_TIMEOUT_MS } from '../environment.ts'
import { ann } from '../external-sender.ts'
import type { Fleet } from '../fleet.ts'
import { until } from '../until.ts'
import type { Break, Broken, Stage } from './break.ts'

const CALL = 'slapd-started'
/** People that only the directory has. */
const people = ['jo', 'kit', 'max'].map((uid) => ({ uid, emailForward: `${uid}@home.example.net` }))
const newcomer = { uid: 'billie', emailForward: 'billie@home.example.net' }
/** Usual are five minutes. */
const REFRESH = '2s'

export function ldapGone(): Break {
  const running: { server: DirectoryServer | null } = { server: null }
  return {
    kind: 'ldap-gone',
    about: 'the LDAP server does not answer, and a person is new',
    page: 'docs/how-to/when-the-directory-is-gone.md',
    prepare: async ({ fleet }) => {
      const server = await startDirectoryServer(people)
      running.server = server
      const ldap = { urls: [server.url], base: server.base, filter: '(objectClass=inetOrgPerson)', refresh: REFRESH }
      for (const node of ['mx', 'srs'] as const) fleet.configure(node, (yaml) => ({ ...yaml, directory: { ldap } }))
      // The mx may read the newcomer before the srs node does, which then defers the mail for some time.
      const soon = { minimal_backoff: REFRESH, maximal_backoff: REFRESH }
      fleet.configure('mx', (yaml) => ({ ...yaml, queue: { ...(yaml['queue'] as object), ...soon } }))
    },
    run: (stage) => run(stage, running.server as DirectoryServer),
    close: async () => running.server?.stop(),
  }
}

async function run({ fleet, post, hasCalled }: Stage, server: DirectoryServer): Promise<Broken> {
  await post.fromAnn({ to: 'jo@example.org', mailbox: 'jo@home.example.net', subject: 'Before' })
  await until(() => post.missing().length === 0, ARRIVAL_TIMEOUT_MS)
  await server.stop()
  server.people.push(newcomer)
  // Until the next read fails, the nodes have no reason to doubt what they know.
  await until(async () => (await askFor(fleet, `${newcomer.uid}@example.org`)).startsWith('451'), ARRIVAL_TIMEOUT_MS)
  await post.fromAnn({ to: 'billie@example.org', mailbox: newcomer.emailForward, subject: 'Welcome' })
  await post.fromAnn({ to: 'kit@example.org', mailbox: 'kit@home.example.net', subject: 'As usual' })
  return {
    report: [
      'Billie, who is new today, writes: I get no mail.',
      'Ann writes: my mail server says that mail to billie@example.org is delayed.',
    ],
    commands: [`status -c ${fleet.configOf('mx')}`, `directory status -c ${fleet.configOf('mx')}`],
    look: async () => {
      if (hasCalled(CALL)) await server.start()
      return post.missing()
    },
  }
}

/** The reply of the mx to RCPT. */
async function askFor(fleet: Fleet, to: string): Promise<string> {
  const { reply } = await sendTestMail({
    host: nodeAddresses.mx,
    port: fleet.ports.smtp,
    security: 'none',
    localAddress: externalAddress,
    name: 'mail.stranger.example',
    from: ann,
    to: [to],
    message: 'Subject: question\r\n\r\n',
  })
  return reply
}
