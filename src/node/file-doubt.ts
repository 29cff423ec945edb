// What a node answers about names that its files lack while they are doubtful: 451 and 454, never "unknown". The files may have been cut off.

import type { CertificateAuthenticator } from '../auth/authenticator.ts'
import type { People, PersonAnswer } from '../auth/people.ts'
import type { Directory } from '../directory/directory.ts'
import type { ExternalSource } from '../directory/external-source.ts'
import type { Snapshot } from '../directory/snapshot.ts'
import { FILES_NAME } from '../directory/snapshots/file-guard.ts'
import type { FileGuard } from '../directory/snapshots/file-guard.ts'

/** What is doubtful now. */
export type Doubt = Pick<FileGuard, 'doubt' | 'domains'>

/** A source that knows nothing and may be incomplete. Domains with a transport accept every address anyway. */
export function doubtSource(guard: Doubt, snapshot: Snapshot): ExternalSource {
  const named = [...snapshot.domains].flatMap(([name, { transport }]) => (transport ? [] : name))
  return {
    name: FILES_NAME,
    domains: new Set([...named, ...lostDomains(guard, snapshot)]),
    find: () => ({ record: null, incomplete: guard.doubt() }),
    mayHave: () => guard.doubt() !== null,
    user: () => {
      const cause = guard.doubt()
      return cause === null ? { kind: 'absent' } : { kind: 'unavailable', cause, wasAbsent: true }
    },
    aliasGrants: () => ({ grants: [], incomplete: guard.doubt() }),
  }
}

/** The directory, in which a domain that the files have lost is still one of ours: its mail waits instead of being refused. */
export function withLostDomains(directory: Directory, guard: Doubt, snapshot: Snapshot): Directory {
  const lost = new Set(lostDomains(guard, snapshot))
  const record = { source: 'the last good files' }
  return {
    ...directory,
    domain: (name) => directory.domain(name) ?? (lost.has(name) && guard.doubt() !== null ? record : undefined),
  }
}

function lostDomains(guard: Doubt, snapshot: Snapshot): readonly string[] {
  return [...guard.domains()].filter((name) => !snapshot.domains.has(name))
}

/**
 * A user that the passwd-file lacks may be in a complete one: the client gets 454 instead of 535. The same holds for a wrong password of a
 * node with app passwords.
 */
export function withDoubtfulUsers(people: People, guard: Pick<Doubt, 'doubt'>, hasApps: boolean): People {
  const doubted = (answer: PersonAnswer): PersonAnswer => {
    const cause = guard.doubt()
    if (cause === null || answer.kind === 'unavailable') return answer
    if (answer.kind === 'absent') return { kind: 'unavailable', cause }
    return hasApps ? { doubt: cause, ...answer } : answer
  }
  return {
    ...people,
    // Nothing is missing for certain: sessions continue.
    known: (identity) => {
      const cause = guard.doubt()
      return cause === null ? people.known(identity) : { kind: 'unavailable', cause }
    },
    find: (identity) => {
      const answer = people.find(identity)
      return answer instanceof Promise ? answer.then(doubted) : doubted(answer)
    },
  }
}

/** The same for machines. */
export function withDoubtfulMachines<T extends CertificateAuthenticator>(machines: T, guard: Pick<Doubt, 'doubt'>): T {
  return {
    ...machines,
    identify: async (certificate, ip) => {
      const answer = await machines.identify(certificate, ip)
      const cause = guard.doubt()
      return answer.kind === 'wrong' && cause !== null ? { kind: 'unavailable', cause } : answer
    },
  }
}
