// Reads a file of app passwords into a table. A line that cannot be used is a warning: it must not stop the logins of others.

import { readFile } from 'node:fs/promises'
import type { AppPassword } from './app-password.ts'
import { readAppLine } from './app-password-line.ts'
import { hasSalt } from './derived-schemes.ts'
import { identityOf } from './passwd-authenticator.ts'
import type { PasswdProblem } from './passwd-file.ts'
import { type KnownPerson, type People, type PersonAnswer, scramOf } from './people.ts'

export interface AppPasswordFile {
  readonly file: string
  /** In the order of the file. */
  readonly list: readonly AppPassword[]
  readonly problems: readonly PasswdProblem[]
}

/** Programs and devices of one person. A SCRAM login compares with all of them. */
export const MOST_OF_USER = 50
/** Upper bound of lines, for a wrong file that is named by mistake. */
const MOST_LINES = 1_000_000

/** Reads the file. An unreadable file is a problem at 1:1 and has no app passwords. */
export async function loadAppPasswords(file: string): Promise<AppPasswordFile> {
  try {
    return parseAppPasswords(file, await readFile(file, 'utf8'))
  } catch (error) {
    const message = `found no readable file (${(error as Error).message}), expected app passwords; \`waypost passwd app add\` makes the file`
    return { file, list: [], problems: [{ file, line: 1, column: 1, message, severity: 'error' }] }
  }
}

/** Reads the text of the file. The first of two app passwords of a user with one label counts. */
export function parseAppPasswords(file: string, text: string): AppPasswordFile {
  const list: AppPassword[] = []
  const problems: PasswdProblem[] = []
  const firstOf = new Map<string, AppPassword[]>()
  for (const [index, line] of text.split(/\r?\n/, MOST_LINES).entries()) {
    const warn = (column: number, message: string) =>
      void problems.push({ file, line: index + 1, column, message, severity: 'warning' })
    const read = readAppLine(line)
    if (read.kind === 'bad') warn(read.column, `this app password cannot be used: ${read.problem}`)
    if (read.kind !== 'app') continue
    const { user, label } = read.app
    const others = firstOf.get(user) ?? []
    const first = others.find((one) => one.label === label)
    if (first) warn(1, `found ${user}:${label} again, first written in line ${first.lineNumber}`)
    else if (others.length >= MOST_OF_USER) warn(1, `user ${user} has more than ${MOST_OF_USER} app passwords`)
    else {
      const app = { ...read.app, lineNumber: index + 1 }
      firstOf.set(user, [...others, app])
      list.push(app)
    }
  }
  return { file, list, problems }
}

/** The app passwords by identity: `kim` and `kim@domain` are one user. */
function appsByUser(list: readonly AppPassword[], domain: string): ReadonlyMap<string, readonly AppPassword[]> {
  const byUser = new Map<string, AppPassword[]>()
  for (const app of list) {
    const identity = identityOf(app.user, domain)
    byUser.set(identity, [...(byUser.get(identity) ?? []), app])
  }
  return byUser
}

/** A client gets one salt, before it shows which secret it has. */
function haveOneSalt(people: People, identity: string, apps: readonly AppPassword[]): boolean {
  const person = people.known(identity)
  const main = person.kind === 'found' ? scramOf(person) : null
  return apps.every(({ scram }) => main === null || hasSalt(scram, main))
}

/** The app passwords of each user of a list, which the page for people can replace at any time. */
export function currentApps(
  list: () => readonly AppPassword[],
  domain: string,
): () => ReadonlyMap<string, readonly AppPassword[]> {
  let seen: readonly AppPassword[] | null = null
  let byUser: ReadonlyMap<string, readonly AppPassword[]> = new Map()
  return () => {
    const now = list()
    if (now !== seen) byUser = appsByUser(now, domain)
    seen = now
    return byUser
  }
}

/** The same people, with their app passwords. @param byUser as of `currentApps` */
export function withAppPasswords(people: People, byUser: () => ReadonlyMap<string, readonly AppPassword[]>): People {
  const add = (answer: PersonAnswer, apps: readonly AppPassword[]): PersonAnswer =>
    answer.kind === 'found' ? { ...answer, apps } : answer
  const addKnown = (answer: KnownPerson, apps: readonly AppPassword[]): KnownPerson =>
    answer.kind === 'unasked' ? { ...answer, apps } : add(answer, apps)
  return {
    ...people,
    allHaveScram: () =>
      people.allHaveScram() && [...byUser()].every(([identity, apps]) => haveOneSalt(people, identity, apps)),
    known: (identity) => addKnown(people.known(identity), byUser().get(identity) ?? []),
    find: (identity) => {
      const answer = people.find(identity)
      const apps = byUser().get(identity)
      if (!apps) return answer
      return answer instanceof Promise ? answer.then((found) => add(found, apps)) : add(answer, apps)
    },
  }
}
