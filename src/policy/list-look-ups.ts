// The look-ups of DNS lists by session: started once for the address, and for each new name and sender; given up when nothing waits for
// them any more.

import type { DnsLists, ListFinding, Subject } from '../filter/dns-lists.ts'
import { abortQuietly } from '../lib/abort-quietly.ts'
import type { Session } from '../smtp/session.ts'

/** Names and senders that are asked about between two messages of a session. A client that only changes them gets no further questions. */
const MAX_DOMAINS = 50

/** One look-up. */
interface Look {
  readonly value: string
  readonly findings: Promise<readonly ListFinding[]>
  /** Gives up the questions. */
  readonly end: () => void
}

interface Asked {
  readonly address: Look
  helo: Look | null
  sender: Look | null
  domains: number
}

export interface ListLookUps {
  /** Starts the look-up of the address, once for each address of the session. */
  start(session: Session): void
  /** Starts the look-up of a domain. The one before it in the same place is given up; null only does that. */
  startDomain(session: Session, of: 'helo' | 'sender', domain: string | null): void
  /** Waits for everything that was started for the session; starts the look-up of the address if there is none. */
  found(session: Session): Promise<readonly ListFinding[]>
  /** A message has arrived: its client may have other senders. */
  received(session: Session): void
  /** Looks up the domains of authors. */
  authors(session: Session, domains: readonly string[]): Promise<readonly ListFinding[]>
  /** Gives up all look-ups of the session. */
  end(session: Session): void
}

export function createListLookUps(lists: DnsLists): ListLookUps {
  const sessions = new WeakMap<Session, Asked>()
  const look = (session: Session, subject: Subject): Look => {
    const given = new AbortController()
    const signal = session.closed ? AbortSignal.any([session.closed, given.signal]) : given.signal
    const findings = lists.ask(subject, { ip: session.remoteIp, signal })
    return { value: subject.value, findings, end: () => abortQuietly(given) }
  }
  const started = (session: Session): Asked => {
    const known = sessions.get(session)
    // A front end that names its client (XCLIENT) makes the session that of another address.
    if (known?.address.value === session.remoteIp) return known
    if (known) giveUp(known)
    const address = look(session, { kind: 'address', value: session.remoteIp })
    const asked: Asked = { address, helo: null, sender: null, domains: 0 }
    sessions.set(session, asked)
    return asked
  }
  return {
    start: (session) => void started(session),
    startDomain: (session, of, domain) => {
      const asked = started(session)
      if (asked[of]?.value === domain) return
      asked[of]?.end()
      asked[of] = null
      if (domain === null || asked.domains >= MAX_DOMAINS) return
      asked.domains++
      asked[of] = look(session, { kind: 'domain', of, value: domain })
    },
    found: async (session) => {
      const { address, helo, sender } = started(session)
      const all = [address, helo, sender].map(async (one) => (one ? one.findings : []))
      return (await Promise.all(all)).flat()
    },
    received: (session) => {
      started(session).domains = 0
    },
    authors: async (session, domains) => {
      const looks = domains.map(async (value) => look(session, { kind: 'domain', of: 'author', value }).findings)
      return (await Promise.all(looks)).flat()
    },
    end: (session) => {
      const known = sessions.get(session)
      if (known) giveUp(known)
    },
  }
}

function giveUp({ address, helo, sender }: Asked): void {
  for (const one of [address, helo, sender]) one?.end()
}
