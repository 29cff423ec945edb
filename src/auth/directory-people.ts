// The users of the passwd-file, then of LDAP, then of SQL. Mirrored sources are a table in memory; a live source is queried for each
// login. A user is never reported as unknown while a source that may hold the user does not answer.

import type { ExternalSource, SourceUser } from '../directory/external-source.ts'
import { userText } from '../smtp/origin.ts'
import type { PasswdFile } from './passwd-file.ts'
import { findEntry, findUnusable, peopleOf } from './people.ts'
import type { AskVerdict, Check, People, PersonAnswer } from './people.ts'
import { createPeopleTable } from './people-table.ts'
import type { Passwords } from './people-table.ts'
import { readStored } from './stored-password.ts'

/** A source that is queried for each login. */
export interface LoginSource extends Pick<ExternalSource, 'user'> {
  /** Only of a source that checks passwords itself. For null, an unknown user, it takes as long as for a known one. */
  readonly verify?: (user: SourceUser | null, password: string) => Promise<AskVerdict>
}

export interface LoginSources {
  /** The first one is used. */
  readonly live: readonly LoginSource[]
  /** One map for each mirrored source, in the order of precedence. */
  passwords(): readonly Passwords[]
}

/**
 * The decoy until the first user of a live source has logged in: a SHA-512 crypt hash, the most common scheme of directories, of a random
 * password.
 */
const FIRST_DECOY =
  '{CRYPT}$6$fed9209a5e869454$6Dlx9CdoBWVuAeRtW/HUIDK/yTvE6IfhO5ltRWln5bgqfeknbXQX5STdf9LpYPMIs4q5a7mISClJ/xFEcww7O/'
/** User names of a source have no domain. */
const userName = /^[^\s@"\p{Cc}]+$/u

/** The users of the file and of `sources`, which may change at any time. `domain` is the main domain. */
export function createPeople(file: PasswdFile | null, sources: LoginSources, domain: string): People {
  const table = peopleOf(
    createPeopleTable(file, () => sources.passwords(), domain),
    domain,
  )
  let lastCheck: Check | null = null
  /** Null for a user of the table. */
  const liveSourceOf = (identity: string): LoginSource | null => {
    const [live] = sources.live
    return !live || !userName.test(identity) || (file && isInFile(file, identity, domain)) ? null : live
  }
  return {
    allHaveScram: () => sources.live.length === 0 && table.allHaveScram(),
    known: (identity) => (liveSourceOf(identity) ? { kind: 'unasked' } : table.known(identity)),
    find: (identity) => {
      const live = liveSourceOf(identity)
      if (!live) return table.find(identity)
      return queryLive(live, identity).then(async ({ answer, isFinal }) => {
        if (answer.kind === 'found') lastCheck = answer.check
        if (isFinal) return answer
        const mirrored = await table.find(identity)
        return mirrored.kind === 'found' ? mirrored : answer
      })
    },
    samples: () => (lastCheck?.kind === 'hash' ? [lastCheck.stored, ...table.samples()] : table.samples()),
    decoy: () => {
      const [live] = sources.live
      if (!live) return table.decoy()
      return lastCheck?.kind === 'hash' && !live.verify ? lastCheck : firstDecoy(live)
    },
  }
}

/** The file decides about its users, also about those whom it limits or refuses. */
function isInFile(file: PasswdFile, identity: string, domain: string): boolean {
  return Boolean(findEntry(file, identity, domain)) || findUnusable(file, identity, domain) !== undefined
}

interface LiveLogin {
  readonly answer: PersonAnswer
  /** False if a later source may hold the user. */
  readonly isFinal: boolean
}

async function queryLive(live: LoginSource, identity: string): Promise<LiveLogin> {
  const user = await live.user(identity)
  // The outage of a source does not concern users whom the source did not know when it last answered.
  if (user.kind === 'unavailable')
    return { answer: { kind: 'unavailable', cause: user.cause }, isFinal: user.wasAbsent !== true }
  if (user.kind === 'absent') return { answer: user, isFinal: false }
  const check = checkOf(live, user.value)
  if (typeof check === 'string') {
    const cause = `${userText(identity)} of ${user.value.source} cannot log in: ${check}`
    return { answer: { kind: user.incomplete === undefined ? 'absent' : 'unavailable', cause }, isFinal: false }
  }
  return { answer: { kind: 'found', check, allows: null, ...doubtOf(user) }, isFinal: true }
}

/** How the password of this user is checked; a string is the reason why the user cannot log in. */
function checkOf(live: LoginSource, user: SourceUser): Check | string {
  const { verify } = live
  if (verify) return { kind: 'ask', verify: (password) => verify(user, password) }
  if (user.password === undefined) return 'the source has no password that this node may read'
  const read = readStored(user.password)
  return read.kind === 'read' ? { kind: 'hash', stored: read.stored } : read.problem
}

function firstDecoy({ verify }: LoginSource): Check | null {
  if (verify) return { kind: 'ask', verify: (password) => verify(null, password) }
  const read = readStored(FIRST_DECOY)
  return read.kind === 'read' ? { kind: 'hash', stored: read.stored } : null
}

function doubtOf({ incomplete }: { readonly incomplete?: string }): { readonly doubt?: string } {
  return incomplete === undefined ? {} : { doubt: incomplete }
}
