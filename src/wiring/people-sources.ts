// Who may log in: the passwd-file first, then LDAP, then SQL. What is mirrored is a table in memory; a directory that is asked live is asked
// for each login, behind its memory. Nobody is unknown while it cannot be asked.

import type { Check, People, PersonAnswer } from '../auth/people.ts'
import { findEntry, peopleOf } from '../auth/people.ts'
import type { PasswdFile } from '../auth/passwd-file.ts'
import { readStored } from '../auth/stored-password.ts'
import type { CachedSource } from '../directory/live-source.ts'
import type { SourceUser } from '../directory/external-source.ts'
import { userText } from '../smtp/origin.ts'
import type { SourceSet } from './directory-sources.ts'
import { createPeopleTable } from './people-table.ts'

/** Stands in until the first person of a live source has logged in: the work of the scheme that directories use most. Nobody's hash. */
const FIRST_DECOY =
  '{CRYPT}$6$fed9209a5e869454$6Dlx9CdoBWVuAeRtW/HUIDK/yTvE6IfhO5ltRWln5bgqfeknbXQX5STdf9LpYPMIs4q5a7mISClJ/xFEcww7O/'
/** As in a passwd-file, and without a domain: the names of a source have none. */
const userName = /^[^\s@"\p{Cc}]+$/u

/** Everybody of the file and of the sources of the moment. */
export function createPeople(
  file: PasswdFile | null,
  sources: Pick<SourceSet, 'live' | 'passwords'>,
  domain: string,
): People {
  const table = peopleOf(
    createPeopleTable(file, () => sources.passwords(), domain),
    domain,
  )
  let usual: Check | null = null
  return {
    find: (identity) => {
      const [live] = sources.live
      if (!live || !userName.test(identity) || (file && findEntry(file, identity, domain))) return table.find(identity)
      return askLive(live, identity).then(async ({ answer, isLast }) => {
        if (answer.kind === 'found') usual = answer.check
        if (isLast) return answer
        const later = await table.find(identity)
        return later.kind === 'found' ? later : answer
      })
    },
    decoy: () => {
      const [live] = sources.live
      if (!live) return table.decoy()
      return usual?.kind === 'hash' && !live.verify ? usual : firstDecoy(live)
    },
  }
}

interface LiveLogin {
  readonly answer: PersonAnswer
  /** False if the person may be one of a source that comes after. */
  readonly isLast: boolean
}

async function askLive(live: CachedSource, identity: string): Promise<LiveLogin> {
  const user = await live.user(identity)
  // Whoever was not in it while it answered logs in by another source: its outage is none of his.
  if (user.kind === 'unavailable')
    return { answer: { kind: 'unavailable', cause: user.cause }, isLast: user.wasAbsent !== true }
  if (user.kind === 'absent') return { answer: user, isLast: false }
  const check = checkOf(live, user.value)
  if (typeof check === 'string') {
    const cause = `${userText(identity)} of ${user.value.source} cannot log in: ${check}`
    const answer = user.incomplete === undefined ? { kind: 'absent', cause } : { kind: 'unavailable', cause }
    return { answer: answer as PersonAnswer, isLast: false }
  }
  return {
    answer: {
      kind: 'found',
      check,
      allows: null,
      ...doubtOf(user),
    },
    isLast: true,
  }
}

/** How the password of this person is checked; a text says why nobody can. */
function checkOf(live: CachedSource, user: SourceUser): Check | string {
  const { verify } = live
  if (verify) return { kind: 'ask', verify: (password) => verify(user, password) }
  if (user.password === undefined) return 'there is no password that we may read'
  const read = readStored(user.password)
  return read.kind === 'read' ? { kind: 'hash', stored: read.stored } : read.problem
}

function firstDecoy({ verify }: CachedSource): Check | null {
  if (verify) return { kind: 'ask', verify: (password) => verify(null, password) }
  const read = readStored(FIRST_DECOY)
  return read.kind === 'read' ? { kind: 'hash', stored: read.stored } : null
}

function doubtOf({ incomplete }: { readonly incomplete?: string }): { readonly doubt?: string } {
  return incomplete === undefined ? {} : { doubt: incomplete }
}
