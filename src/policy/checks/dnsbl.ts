// Asks lists in the DNS about clients from the internet, their names and the domains of senders and authors. The look-ups start as soon as
// a subject is known; only RCPT waits for them, so that the ledger knows sender and recipient of a refusal. A list that does not answer
// changes nothing.

import type { DnsLists } from '../../filter/dns-lists.ts'
import { readShownAuthors } from '../../message/shown-authors.ts'
import { asciiDomain } from '../../smtp/domain.ts'
import { domainOf } from '../../smtp/mailbox.ts'
import type { Origin } from '../../smtp/origin.ts'
import { refusal } from '../../smtp/reply.ts'
import type { Refusal } from '../../smtp/reply.ts'
import type { Check, Finding, Mail, RecipientFacts } from '../check.ts'
import { isContact } from '../contacts.ts'
import { createListLookUps } from '../list-look-ups.ts'
import type { ListLookUps } from '../list-look-ups.ts'
import { describeScore, listedSubject, listEvidence, listReason, listResult, scoreLists } from '../list-score.ts'
import type { ListScore } from '../list-score.ts'
import { type Trust, isAllowed } from '../trust.ts'
import { accept, refuse } from '../verdict.ts'

export interface DnsblSettings {
  readonly lists: DnsLists
  /** Points of all lists together from which on a recipient is refused; null refuses nothing. */
  readonly refuseAt: number | null
}

/** Peer addresses that are remembered. A fleet has dozens of nodes; forgetting one costs one look-up. */
const MAX_PEERS = 1000
/** Domains of authors that are asked about. An honest message has one author; each more costs a question to each list. */
const MAX_AUTHORS = 4

const passed: Finding = { verdict: accept }

/** The look-ups have their own deadline. */
export function dnsblCheck({ lists, refuseAt }: DnsblSettings): Check {
  const lookUps = createListLookUps(lists)
  const peers = new Set<string>()
  return {
    name: 'dnsbl',
    connect: ({ session, origin }) => {
      if (isStranger(origin) && !peers.has(session.remoteIp)) lookUps.start(session)
      return passed
    },
    secured: ({ session, origin }) => {
      if (origin?.kind === 'peer') {
        if (peers.size >= MAX_PEERS) peers.clear()
        peers.add(session.remoteIp)
      }
      if (origin !== null && !isStranger(origin)) lookUps.end(session)
      return passed
    },
    helo: ({ session, origin }) => {
      if (isStranger(origin)) lookUps.startDomain(session, 'helo', listedDomain(session.helo ?? ''))
      return passed
    },
    mail: ({ session, origin, sender }) => {
      const domain = sender === null ? null : listedDomain(domainOf(sender))
      if (isStranger(origin)) lookUps.startDomain(session, 'sender', domain)
      return passed
    },
    rcpt: (facts) => (isStranger(facts.origin) ? judgeRecipient(lookUps, refuseAt, facts) : passed),
    message: (mail) => (isStranger(mail.origin) ? recordLists(lookUps, refuseAt, mail) : passed),
  }
}

/** Refuses a listed client. Otherwise the hits are evidence, also for the checks that come after this one at RCPT. */
async function judgeRecipient(lookUps: ListLookUps, refuseAt: number | null, facts: RecipientFacts): Promise<Finding> {
  const score = scoreLists(await lookUps.found(facts.session))
  const { trust, forwardPath } = facts
  // A sender on the own allow list is proven or refused at the end of data.
  const mayPass = isContact(forwardPath) || isAllowed(trust) || trust?.kind === 'pending'
  const reply = mayPass ? null : listedReply(score, refuseAt, trust)
  return reply === null ? { verdict: accept, evidence: listEvidence(score) } : { verdict: refuse(reply) }
}

/** Null for a client below the threshold. */
function listedReply(score: ListScore, refuseAt: number | null, trust: Trust | undefined): Refusal | null {
  const [heaviest] = score.hits
  if (refuseAt === null || score.points < refuseAt || heaviest === undefined) return null
  const cause = `dnsbl: ${describeScore(score)}; refused from ${refuseAt}`
  const text = `${listedSubject(heaviest)} is listed by ${listReason(heaviest)}`
  if (trust?.kind === 'undecided')
    return refusal(451, '4.7.1', text, `${cause}; ${trust.entry} may apply: ${trust.cause}`)
  return refusal(550, '5.7.1', text, trust?.kind === 'unproven' ? `${cause}; ${trust.entry}: ${trust.cause}` : cause)
}

async function recordLists(lookUps: ListLookUps, refuseAt: number | null, mail: Mail): Promise<Finding> {
  const { session, fields, evidence, at, queueId, trust, recipients } = mail
  if (session === null) return passed
  const domains = readShownAuthors(fields)
    .domains.map(listedDomain)
    .filter((one) => one !== null)
  const authors = [...new Set(domains)].slice(0, MAX_AUTHORS)
  lookUps.received(session)
  const [client, ofAuthors] = await Promise.all([lookUps.found(session), lookUps.authors(session, authors)])
  // RCPT left this to the proof of the sender.
  const isOpen = trust?.kind === 'pending' && !recipients.every(isContact)
  const unlessAllowed = isOpen ? listedReply(scoreLists(client), refuseAt, trust) : null
  const findings = [...client, ...ofAuthors]
  const score = scoreLists(findings)
  const result = listResult(score, new Set(findings.map(({ list }) => list)).size)
  return {
    verdict: accept,
    ...(unlessAllowed && { unlessAllowed }),
    // Only of the authors: RCPT gave the other evidence, and a list counts once.
    evidence: listEvidence(score).filter(({ name }) => !evidence.some((one) => one.name === name)),
    events: [{ kind: 'checked', at, queueId, check: 'dnsbl', result, detail: describeScore(score) }],
  }
}

/** Peers, authenticated clients and local programs are known, and never looked up. */
function isStranger(origin: Origin | null): boolean {
  return origin?.kind === 'internet'
}

/** The domain as lists have it; null for an address literal, a name of one label, and anything else that no list can contain. */
function listedDomain(text: string): string | null {
  const domain = asciiDomain(text)
  return domain?.includes('.') && !/\.\d+$/.test(domain) ? domain : null
}
