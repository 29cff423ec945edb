// The operator's own lists of mail from the internet. A block entry refuses recipients at RCPT, so that the ledger knows sender and
// recipient; authors are known at the end of data. An allow entry is a fact for the checks after this one, and goes before block entries.

import { readShownAuthors } from '../../message/shown-authors.ts'
import type { ListEntry, ListSubject, OwnLists } from '../../route/operator-lists.ts'
import { describeListEntry } from '../../route/operator-lists.ts'
import { isContact } from '../contacts.ts'
import { refusal } from '../../smtp/reply.ts'
import type { Refusal } from '../../smtp/reply.ts'
import type { Check, Finding, Mail, RecipientFacts, TransactionFacts } from '../check.ts'
import { isNameUnknown } from '../evidence.ts'
import { judgeTrust, type TrustFacts } from '../own-list-trust.ts'
import type { Trust } from '../trust.ts'
import { accept, refuse } from '../verdict.ts'

const passed: Finding = { verdict: accept }
/** Authors of one message that are compared. An honest message has one; a stranger can write thousands. */
const MAX_AUTHORS = 100

/** The part behind the verification of the message: a separate check, because the others come before it. */
export function ownListProof(lists: () => OwnLists): Check {
  return { name: 'own-lists', message: (mail) => proveMessage(lists(), mail) }
}

/** @param lists those of the current routing data */
export function ownListsCheck(lists: () => OwnLists): Check {
  /** What the recipients of an open transaction have in common. */
  const trusts = new WeakMap<TransactionFacts, Trust['kind'] | null>()
  return {
    name: 'own-lists',
    rcpt: (facts) => {
      if (facts.origin.kind !== 'internet') return passed
      const { trust, block } = judge(lists(), subjectOf(facts), { ...facts, proof: null })
      if (block !== null && trust?.kind !== 'allowed' && trust?.kind !== 'pending')
        return { verdict: refuse(blocked(block, facts, trust)) }
      const { transaction } = facts
      const mixed = isMixed(trusts, transaction, trust)
      if (mixed) return { verdict: refuse(apart(trust)) }
      trusts.set(transaction, trust?.kind ?? null)
      return trust === null ? passed : { verdict: accept, trust }
    },
    message: (mail) => (mail.origin.kind === 'internet' ? judgeMessage(lists(), mail) : passed),
  }
}

const hostUnknown: Trust = {
  kind: 'undecided',
  entry: 'an entry of allow with a host',
  cause: 'the DNS does not say which name the client has',
}

type Facts = Pick<RecipientFacts, 'session' | 'evidence' | 'sender'>

function judge(
  lists: OwnLists,
  subject: ListSubject,
  { evidence, sender, proof }: Facts & Pick<TrustFacts, 'proof'>,
): { readonly trust: Trust | null; readonly block: ListEntry | null } {
  const { host, helo, recipient } = subject
  const facts = { host, isHostUnknown: isNameUnknown(evidence), helo, sender, proof }
  const allowing = lists.find('allow', subject)
  const blocking = lists.find('block', subject)
  const applies = ({ conditions }: ListEntry) => !isContact(recipient) || conditions.recipient !== undefined
  const found = judgeTrust(allowing, facts)
  const isOpen = lists.allowsHosts && host === null && facts.isHostUnknown
  const trust = isOpen && (found === null || found.kind === 'unproven') ? hostUnknown : found
  return { trust, block: blocking.find(applies) ?? null }
}

function subjectOf({ session, sender, forwardPath, at }: RecipientFacts): ListSubject {
  const { remoteIp: ip, remoteName: host, helo } = session
  return { ip, host, helo, sender, recipient: forwardPath, authors: null, at }
}

/** One reply is for all recipients of a message, so those with and without an entry that allows the message arrive separately. */
function isMixed(
  trusts: WeakMap<TransactionFacts, Trust['kind'] | null>,
  transaction: TransactionFacts,
  trust: Trust | null,
): boolean {
  const earlier = trusts.get(transaction)
  return transaction.recipients.length > 0 && earlier !== undefined && earlier !== (trust?.kind ?? null)
}

function apart(trust: Trust | null): Refusal {
  const cause =
    trust === null
      ? 'own-lists: the recipients before have an entry of the allow list, this one has none'
      : `own-lists: ${trust.entry}; the recipients before have no such entry`
  return refusal(452, '4.5.3', 'Send this recipient in another transaction', cause)
}

/** Blocks by author, and what other checks may know before the message is verified. */
function judgeMessage(lists: OwnLists, mail: Mail): Finding {
  const judged = judgeRecipients(lists, mail, null)
  const { trust } = judged
  const block = judged.blocks.find((one) => one.trust?.kind !== 'pending') ?? judged.blocks[0]
  // Each recipient that stays reachable is one of postmaster and abuse, which have no block.
  if (block === undefined) return trust === null ? passed : { verdict: accept, trust }
  return block.trust?.kind === 'pending'
    ? { verdict: accept, ...(trust && { trust }), unlessAllowed: block.reply }
    : { verdict: refuse(block.reply) }
}

/** Decides what was pending, and records the entry of an accepted message. */
function proveMessage(lists: OwnLists, mail: Mail): Finding {
  const { at, queueId, unlessAllowed } = mail
  if (mail.trust === undefined && unlessAllowed === undefined) return passed
  const { domains, problem } = readShownAuthors(mail.fields)
  const author = problem === null && domains.length === 1 ? (domains[0] ?? null) : null
  const proof = { authentication: mail.authentication ?? null, author }
  const { trust } = judgeRecipients(lists, mail, proof)
  if (unlessAllowed !== undefined && trust?.kind !== 'allowed')
    return {
      verdict: refuse(trust?.kind === 'undecided' ? inDoubt(unlessAllowed, trust) : forged(unlessAllowed, trust)),
    }
  // A reload can remove the entry in between.
  if (trust === null) return passed
  const detail = 'cause' in trust ? `${trust.entry}; ${trust.cause}` : trust.entry
  return {
    verdict: accept,
    trust,
    events: [{ kind: 'checked', at, queueId, check: 'own-lists', result: trust.kind, detail }],
  }
}

function inDoubt({ text, cause }: Refusal, trust: Trust & { readonly cause: string }): Refusal {
  return refusal(451, '4.7.1', text, `${cause}; ${trust.entry} may apply: ${trust.cause}`)
}

function forged(reply: Refusal, trust: Trust | null): Refusal {
  return trust !== null && 'cause' in trust
    ? { ...reply, cause: `${reply.cause}; ${trust.entry}: ${trust.cause}` }
    : reply
}

interface Judged {
  readonly trust: Trust | null
  readonly blocks: readonly { readonly reply: Refusal; readonly trust: Trust | null }[]
}

function judgeRecipients(lists: OwnLists, mail: Mail, proof: TrustFacts['proof']): Judged {
  const { session, sender, evidence, recipients, at, fields } = mail
  if (session === null) return { trust: null, blocks: [] }
  const authors = readShownAuthors(fields).domains.slice(0, MAX_AUTHORS)
  const { remoteIp: ip, remoteName: host, helo } = session
  const judged = recipients.map((recipient) => {
    const subject = { ip, host, helo, sender, recipient, authors, at }
    return { recipient, ...judge(lists, subject, { session, evidence, sender, proof }) }
  })
  return {
    trust: together(judged.map(({ trust }) => trust)),
    blocks: judged.flatMap(({ recipient, trust, block }) =>
      block === null || trust?.kind === 'allowed'
        ? []
        : [{ reply: blocked(block, { session, sender, forwardPath: recipient }, trust), trust }],
    ),
  }
}

/** An allowed message is allowed for each recipient; otherwise the first doubt or fault counts. */
function together(trusts: readonly (Trust | null)[]): Trust | null {
  if (trusts.some((one) => one === null)) return null
  return trusts.find((one) => one?.kind !== 'allowed') ?? trusts[0] ?? null
}

function blocked(
  entry: ListEntry,
  { session, sender, forwardPath }: Pick<RecipientFacts, 'session' | 'sender' | 'forwardPath'>,
  trust: Trust | null,
): Refusal {
  const cause = `own-lists: ${describeListEntry(entry)}`
  if (trust?.kind === 'undecided')
    return refusal(
      451,
      '4.7.1',
      'The DNS does not answer about you now, please try again later',
      `${cause}; ${trust.entry} may apply`,
    )
  const text = entry.reply ?? usualReply(entry, { ip: session.remoteIp, host: session.remoteName, sender, forwardPath })
  return refusal(550, '5.7.1', text, cause)
}

function usualReply(
  { conditions }: ListEntry,
  { ip, host, sender, forwardPath }: { ip: string; host: string | null; sender: string | null; forwardPath: string },
): string {
  if (conditions.fromDomain) return 'Mail of this author is blocked here'
  if (conditions.sender || conditions.senderDomain) return `The sender <${sender ?? ''}> is blocked here`
  if (conditions.network) return `Your address ${ip} is blocked here`
  if (conditions.host) return `Your host ${host ?? ip} is blocked here`
  if (conditions.helo) return 'Your name in EHLO is blocked here'
  return `<${forwardPath}> accepts no mail from the internet`
}
