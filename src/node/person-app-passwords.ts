// The app passwords of a person, for the page: they are in the file that `app_passwords` names.

import { createAppSecret } from '../auth/app-password.ts'
import { withAppLine, withoutApps } from '../auth/app-password-edit.ts'
import { MOST_OF_USER, parseAppPasswords } from '../auth/app-password-file.ts'
import { writeAppLine } from '../auth/app-password-line.ts'
import type { LastUses } from '../auth/last-uses.ts'
import { identityOf } from '../auth/passwd-authenticator.ts'
import { rewriteAccounts } from '../auth/passwd-edit.ts'
import { scramOf } from '../auth/people.ts'
import type { Config } from '../config/config.ts'
import type { Clock } from '../lib/clock.ts'
import type { Log } from '../lib/log.ts'
import type { ChangeAnswer, PersonAppPasswords } from '../self-service/service-ports.ts'
import type { CurrentData } from './current-data.ts'
import { isWritable } from './person-passwords.ts'

export interface PersonAppParts {
  readonly config: () => Pick<Config, 'app_passwords' | 'domain'>
  readonly data: Pick<CurrentData, 'people' | 'apps' | 'replaceApps'>
  readonly appUse: Pick<LastUses, 'last'>
  readonly clock: Clock
  readonly log: Pick<Log, 'warn'>
}

const READ_ONLY = 'App passwords are read-only on this server. Please ask your administrator.'
const NOT_STORED = 'The app passwords cannot be stored. Please ask your administrator.'
/** The file has colons between its fields. */
const writable = /^[^\s:\p{Cc}]+$/u

/** The new text, or the answer if nothing changes. */
type Edit = (text: string) => string | ChangeAnswer

export function createPersonAppPasswords(parts: PersonAppParts): PersonAppPasswords {
  const { config, data, appUse, clock } = parts
  const isOf = (user: string, identity: string) => identityOf(user, config().domain) === identity
  return {
    ability: async () => {
      const { app_passwords: file } = config()
      if (file === undefined) return null
      return (await isWritable(file)) ? { kind: 'possible' } : { kind: 'impossible', reason: READ_ONLY }
    },
    list: (identity) =>
      data.apps
        .filter(({ user }) => isOf(user, identity))
        .map((app) => ({
          label: app.label,
          created: app.created,
          expires: app.expires,
          isExpired: app.expires !== null && app.expires <= clock.now(),
          networks: app.networks,
          senders: app.senders,
          lastUse: appUse.last(identity, app),
        })),
    add: async ({ identity, ...wanted }) => {
      const person = await data.people.find(identity)
      if (person.kind !== 'found' || !writable.test(identity)) return { kind: 'refused', cause: NOT_STORED }
      const secret = createAppSecret()
      const answer = await rewrite(parts, (text) => {
        const others = parseAppPasswords('', text).list.filter(({ user }) => isOf(user, identity))
        if (others.some(({ label }) => label === wanted.label))
          return { kind: 'refused', cause: `You have an app password ${wanted.label} already.` }
        if (others.length >= MOST_OF_USER)
          return { kind: 'refused', cause: `You have ${MOST_OF_USER} app passwords, which is the limit.` }
        // A client of SCRAM gets one salt for a user name.
        const salt = scramOf(person) ?? others[0]?.scram ?? null
        return withAppLine(text, writeAppLine({ ...wanted, user: identity, secret, created: clock.now(), salt }))
      })
      return answer.kind === 'changed' ? { kind: 'made', secret } : answer
    },
    remove: (identity, label) =>
      rewrite(parts, (text) => {
        const found = parseAppPasswords('', text).list.filter((app) => isOf(app.user, identity) && app.label === label)
        return found.length > 0
          ? withoutApps(text, found)
          : { kind: 'refused', cause: `You have no app password ${label}.` }
      }),
  }
}

/** The node uses the new list at once. */
async function rewrite({ config, data, clock, log }: PersonAppParts, edit: Edit): Promise<ChangeAnswer> {
  const { app_passwords: file } = config()
  if (file === undefined) return { kind: 'refused', cause: READ_ONLY }
  let answer: ChangeAnswer = { kind: 'changed' }
  let written = ''
  try {
    await rewriteAccounts(file, clock, (text) => {
      const edited = edit(text)
      if (typeof edited !== 'string') {
        answer = edited
        return null
      }
      written = edited
      return edited
    })
  } catch (error) {
    log.warn({ file, cause: (error as Error).message }, 'the page cannot change the file of app passwords')
    return { kind: 'refused', cause: NOT_STORED }
  }
  if (answer.kind === 'changed') data.replaceApps(parseAppPasswords(file, written).list, clock.monotonic())
  return answer
}
