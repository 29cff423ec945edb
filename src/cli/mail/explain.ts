// waypost explain: what the node would do with a message, by the code of the running node. Nothing is sent or stored. Exit code 1 if the
// message would not be accepted.

import { isIP } from 'node:net'
import { explainChecks } from '../../wiring/checks.ts'
import { localNamesOf } from '../../wiring/local-names-settings.ts'
import { testedChecksOf } from '../../wiring/tested-checks.ts'
import { spamFilterSettings, spamScanner } from '../../wiring/spam-scanner.ts'
import { virusScannerSettings } from '../../wiring/virus-scanner.ts'
import type { NodeData } from '../../node/load-data.ts'
import { openResolver } from '../../dns/open-resolver.ts'
import { lazyAuthenticator } from '../../filter/lazy-authenticator.ts'
import { resolverSettings } from '../../wiring/node-settings.ts'
import { createClamd } from '../../filter/clamd.ts'
import { createRspamd } from '../../filter/rspamd.ts'
import { createBudgets } from '../../budget/budgets.ts'
import type { Config } from '../../config/config.ts'
import type { Authenticator } from '../../filter/authentication.ts'
import { commandClock, systemClock } from '../../lib/clock.ts'
import type { Content } from '../../message/content.ts'
import { readFields } from '../../message/header.ts'
import { bouncesOnly } from '../../policy/checks/srs-bounces.ts'
import type { Mail, Stage } from '../../policy/check.ts'
import { type Evidence, noEvidence } from '../../policy/evidence.ts'
import { createChecks } from '../../policy/run-checks.ts'
import type { TestedChecks, TestRefusal } from '../../policy/test-mode.ts'
import type { Checks, StageOutcome } from '../../policy/run-checks.ts'
import type { Resolution } from '../../route/resolution.ts'
import { plainMail, plainRecipient } from '../../smtp/envelope.ts'
import { type NameUse, publicAddress } from '../../smtp/public-address.ts'
import { parseMailbox, splitAddress } from '../../smtp/mailbox.ts'
import type { Origin } from '../../smtp/origin.ts'
import type { Session } from '../../smtp/session.ts'
import { explainCopies } from './explain-copies.ts'
import { explainSenderRules } from './explain-sender-rules.ts'
import { explainForeignSender } from './explain-sender.ts'
import { type Explanation, explanationLines } from './explanation.ts'
import { greylistOfNode, greylistOutlook } from './greylist-of-node.ts'
import { namedClient } from './named-client.ts'
import { listsOfNode } from './lists-of-node.ts'
import { FAILED, json, line, OK, USAGE } from '../io.ts'
import type { Io } from '../io.ts'
import { readMessageFile } from '../read-message.ts'
import { withData } from '../with-config.ts'

export interface ExplainOptions {
  readonly config: string
  readonly recipient: string
  /** Reverse-path; `<>` for the null sender. */
  readonly from?: string
  /** `internet`, `peer:mx`, `user:lee`, `machine:ci-01` or `local`; default: a client of the first listener. */
  readonly as?: string
  readonly ip: string
  readonly helo: string
  /** The confirmed name of the client; without it, the DNS is asked if an entry of the own lists has a host. */
  readonly host?: string
  /** File with a complete message, for the checks of messages and the signature; `-` is standard input. */
  readonly message?: string
  readonly at: number
  readonly json?: boolean
}

export async function explain(options: ExplainOptions, io: Io): Promise<number> {
  if (isIP(options.ip) === 0) {
    line(io.stderr, `--ip: found ${JSON.stringify(options.ip)}, expected an IPv4 or IPv6 address`)
    return USAGE
  }
  // Before the command gives up root: the message may be in a folder of root.
  const content = await contentOf(options.message, io)
  if (typeof content === 'string') {
    line(io.stderr, content)
    return USAGE
  }
  return withData(options.config, io, async (config, data) => {
    const given = options.from === undefined || options.from === '<>' || options.from === '' ? null : options.from
    const origin = originOf(options.as, config, given)
    const names = origin?.kind === 'local' ? localNamesOf(config, ['local']) : null
    const completed = (address: string, use: NameUse) => (names ? publicAddress(names, address, use) : address)
    const from = given === null ? null : completed(given, 'sender')
    const recipient = completed(options.recipient, 'recipient')
    const wrong = [recipient, ...(from === null ? [] : [from])].find((one) => parseMailbox(one).kind === 'bad')
    if (wrong !== undefined || origin === null) {
      line(
        io.stderr,
        wrong === undefined
          ? `--as: found ${options.as}, expected internet, local, peer:ROLE, user:NAME or machine:NAME`
          : `found ${JSON.stringify(wrong)}, expected an address such as press@example.org`,
      )
      return USAGE
    }
    const found = await look({ config, data, origin, from, content }, { ...options, recipient })
    if (options.json) json(io.stdout, found)
    else for (const text of explanationLines(recipient, found)) line(io.stdout, text)
    const accepted = !found.sender && !found.refused && !found.message?.reply
    return accepted ? OK : FAILED
  })
}

interface Subject {
  readonly config: Config
  readonly data: NodeData
  readonly origin: Origin
  readonly from: string | null
  readonly content: Content | null
}

/** The message; null without --message; a sentence if it cannot be read. */
async function contentOf(message: string | undefined, io: Io): Promise<Content | string | null> {
  if (message === undefined) return null
  try {
    return await readMessageFile(message, io.stdin)
  } catch (error) {
    return `--message: found ${message}, which cannot be read (${(error as Error).message}), expected a file with a message`
  }
}

async function look(subject: Subject, options: ExplainOptions): Promise<Explanation> {
  const { config, data, origin, from: sender, content } = subject
  const { recipient: forwardPath, at } = options
  const tested = testedChecksOf(config, listenerOf(origin, config))
  const checks = checksOf(subject, tested)
  const named = await namedClient(subject, options)
  const client = session(options, { origin, remoteName: named.remoteName })
  const facts = { session: client, origin, sender }
  const helo = await checks.run('helo', facts)
  const mail = await checks.run('mail', { ...facts, parameters: plainMail })
  const transaction = { recipients: [] }
  const noticed = [...named.evidence, ...evidenceOf(mail)]
  const recipient = {
    ...facts,
    transaction,
    forwardPath,
    parameters: plainRecipient,
    evidence: noticed,
    resolution: null,
    at,
  }
  const rcpt = await checks.run('rcpt', recipient)
  const evidence = [...noticed, ...evidenceOf(rcpt)]
  const found = rcpt.kind === 'passed' ? rcpt.resolution : null
  const resolution = found ?? (await data.router.resolve({ forwardPath, reversePath: sender, origin, at }))
  const message = content
    ? await lookAtMessage({ ...subject, client, content, evidence, checks, resolution }, options)
    : refusedAnyway(sender, resolution)
  return {
    origin,
    tested: [...[helo, mail, rcpt].flatMap(({ tested }) => tested), ...(message?.tested ?? [])],
    sender: mail.kind === 'refused' ? { reply: mail.reply } : null,
    refused: rcpt.kind === 'refused' ? rcpt.reply : null,
    resolution,
    from: { address: sender, isAssumed: options.from === undefined },
    foreignSender:
      options.from === undefined ? await explainForeignSender(data.router, { forwardPath, origin, at }) : null,
    trust: rcpt.kind === 'passed' ? rcpt.trust : null,
    greylist:
      content === null && rcpt.kind === 'passed' && !tested.has('greylist')
        ? await greylistOutlook(config, rcpt.trust, { ...facts, forwardPath, resolution, evidence, at })
        : null,
    message: message && { reply: message.reply, events: message.events },
    senderRules: content ? await explainSenderRules({ config, data, origin, from: sender, content }, at) : null,
  }
}

function checksOf({ config, data }: Subject, tested: TestedChecks): Checks {
  const parts = {
    authenticator: () => authenticatorOf(config),
    router: data.router,
    ...scannersOf(config, data.router),
    lists: listsOfNode(config),
    ownLists: () => data.ownLists,
    greylist: greylistOfNode(config),
    isTested: (check: string) => tested.has(check),
  }
  const ports = { clock: systemClock, log: throwBugs, tested: { value: tested }, meter: null }
  return createChecks(explainChecks(config, parts), ports)
}

interface JudgedMessage extends NonNullable<Explanation['message']> {
  readonly tested: readonly TestRefusal[]
}

/** What no content of the message changes. */
function refusedAnyway(sender: string | null, resolution: Resolution): JudgedMessage | null {
  const reply = bouncesOnly({ sender, resolutions: [resolution] })
  return reply && { reply, events: [], tested: [] }
}

function scannersOf(config: Config, router: NodeData['router']) {
  const spam = spamFilterSettings(config)
  const filter = spam && createRspamd(spam.rspamd, systemClock)
  const virus = virusScannerSettings(config)
  return {
    spam: spamScanner(config, filter, router),
    outgoingSpam: filter,
    virus: virus && createClamd(virus.clamd, { clock: commandClock, budgets: createBudgets(commandClock) }),
  }
}

/** Loads the filter and the resolver only when a message needs them. */
function authenticatorOf(config: Config): Authenticator {
  const ports = { clock: systemClock, budgets: createBudgets(systemClock) }
  return {
    authenticate: async (request) =>
      lazyAuthenticator(await openResolver(resolverSettings(config), ports)).authenticate(request),
  }
}

/** In the daemon a bug is logged and refused with 451; a command shows it. */
const throwBugs = {
  bug: (error: unknown) => {
    throw error
  },
}

function evidenceOf(outcome: StageOutcome<Stage>): readonly Evidence[] {
  return outcome.kind === 'passed' ? outcome.evidence : noEvidence
}

async function lookAtMessage(
  subject: Subject &
    Pick<Mail, 'content' | 'evidence'> & {
      readonly client: Session
      readonly checks: Checks
      readonly resolution: Resolution
    },
  options: ExplainOptions,
): Promise<JudgedMessage> {
  const { origin, client, from: sender, content, evidence, checks, resolution } = subject
  const { recipient: forwardPath, at } = options
  const mail = {
    queueId: '-',
    session: client,
    origin,
    sender,
    recipients: [forwardPath],
    resolutions: [resolution],
    content,
    fields: readFields(content.header),
    evidence,
    at,
  }
  const findings = await checks.run('message', mail)
  const { tested } = findings
  if (findings.kind === 'refused') return { reply: findings.reply, events: [], tested }
  const copies = await explainCopies(subject, { mail, findings }, { forwardPath, resolution })
  return { reply: copies.reply, events: [...findings.events, ...copies.events], tested }
}

function session({ ip, helo }: ExplainOptions, known: Pick<Session, 'origin' | 'remoteName'>): Session {
  const blank = { id: '-', listener: '-', esmtp: true, tls: null }
  return { ...blank, ...known, remoteIp: ip, helo }
}

/** The listener whose modes of checks count: the first one that admits the origin. */
function listenerOf({ kind }: Origin, { listeners }: Config): string {
  const admission = { internet: 'internet', peer: 'peers', user: 'users', machine: 'machines', local: 'local' } as const
  const listener = listeners.find(({ admit }) => admit.includes(admission[kind])) ?? listeners[0]
  return listener?.name ?? ''
}

/** The origin that `as` names, or the one of a client of the first listener. Null if `as` is invalid. */
function originOf(as: string | undefined, config: Config, from: string | null): Origin | null {
  const local = from === null ? '' : splitAddress(from).local
  const admits = config.listeners[0]?.admit ?? []
  const usual = admits.includes('local')
    ? 'local'
    : admits.includes('internet')
      ? 'internet'
      : admits.includes('users')
        ? `user:${local}`
        : admits.includes('machines')
          ? `machine:${local}`
          : `peer:${config.listeners[0]?.peers[0] ?? 'mx'}`
  const [kind, name] = (as ?? usual).split(/:(.*)/s) as [string, string?]
  if (kind === 'internet' || kind === 'local') return { kind }
  if ((kind === 'user' || kind === 'machine') && name !== undefined) return { kind, identity: name }
  return kind === 'peer' && name ? { kind, role: name, vouched: 'nothing' } : null
}
