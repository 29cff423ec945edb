// A thief has Lee's password and sends much mail from many networks. The brake puts the account on hold; Lee's own mail waits with it.

import { statSync } from 'node:fs'
import { join } from 'node:path'
import { sendTestMail, type Sent } from '../../cli/mail/mail-client.ts'
import { testMessage } from '../environment.ts'
import { type Fleet, person } from '../fleet.ts'
import type { Break, Broken, Stage } from './break.ts'
import { submission } from './post.ts'

const VICTIMS = '127.0.2.21'
/** Domains to which the thief writes, one message to each. */
const DOMAINS = 24
const RECIPIENTS = 4
/** What a person of this fleet sends on a usual day. The usual values would need some hundred messages. */
const USUAL = { recipients: 4, new_domains: 2 }

export const accountStolen: Break = {
  kind: 'account-stolen',
  about: 'a thief sends spam with the password of a person',
  page: 'docs/how-to/stop-a-stolen-account.md',
  prepare: ({ fleet, dns }) => {
    for (let n = 1; n <= DOMAINS; n++) dns.zone.set(domain(n), { MX: '10 mx.victims.example' })
    dns.zone.set('mx.victims.example', { A: VICTIMS })
    fleet.configure('submission', (yaml) => ({ ...yaml, brake: { users: USUAL } }))
  },
  run: async (stage) => {
    const victims = await stage.startHost({ name: 'mx.victims.example', address: VICTIMS })
    for (let n = 1; n <= DOMAINS; n++) await sendAsThief(stage.fleet, n)
    await stage.post.fromLee({ to: 'friend@home.example.net', subject: 'Dinner?' })
    return broken(stage, () => victims.mails.length)
  },
}

function broken({ fleet, post }: Stage, spam: () => number): Broken {
  const passwords = join(fleet.folder, 'passwd')
  const { mtimeMs } = statSync(passwords)
  const atFirst = spam()
  let thief: Sent | null = null
  return {
    report: [
      'Lee writes: strangers answer me about mail that I have not sent. And my mail to a friend does not arrive.',
    ],
    commands: [
      `account list -c ${fleet.configOf('submission')}`,
      `account show lee -c ${fleet.configOf('submission')}`,
    ],
    look: async () => {
      const missing = [...post.missing()]
      if (spam() > atFirst) missing.push(`${spam() - atFirst} more messages of the thief have left`)
      if (statSync(passwords).mtimeMs === mtimeMs) return [...missing, 'the thief knows the password of Lee']
      // Lee's mail continues after the release, so by then the node has the new password.
      if (missing.length === 0) thief ??= await sendAsThief(fleet, 1)
      if (thief?.kind === 'accepted') missing.push('the thief has sent mail with the old password')
      return missing
    },
  }
}

function domain(n: number): string {
  return `victim-${n}.example`
}

/** Each message comes from another network. */
function sendAsThief(fleet: Fleet, n: number): Promise<Sent> {
  const to = Array.from({ length: RECIPIENTS }, (_unused, i) => `person-${i + 1}@${domain(n)}`)
  const from = 'lee@example.org'
  const id = `<offer-${n}@mallory.example>`
  return sendTestMail({
    ...submission(fleet, person.password),
    localAddress: `127.7.${n}.1`,
    name: 'laptop',
    from,
    to,
    message: testMessage({ from: `Lee <${from}>`, to: to.join(', '), subject: 'A good offer', id }),
  })
}
