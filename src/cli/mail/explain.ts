// waypost explain: what would happen to this mail, by the code that a running node uses, with nothing sent or stored.

import { createReadStream } from 'node:fs'
import { isIP } from 'node:net'
import { contentChecks } from '../../wiring/checks.ts'
import type { NodeData } from '../../node/load-data.ts'
import { senderRights } from '../../wiring/receiving.ts'
import { openResolver } from '../../dns/open-resolver.ts'
import { resolverSettings } from '../../wiring/node-settings.ts'
import { buildRspamd } from '../../wiring/spam-watch.ts'
import type { Config } from '../../config/config.ts'
import { runChecks } from '../../intake/run-checks.ts'
import { systemClock } from '../../lib/clock.ts'
import type { Content } from '../../message/content.ts'
import { readFields } from '../../message/header.ts'
import type { Event } from '../../observe/events.ts'
import { checkRecipient } from '../../policy/checks/recipient.ts'
import { checkSender } from '../../policy/checks/sender.ts'
import type { Resolution } from '../../route/resolution.ts'
import { parseMailbox, splitAddress } from '../../smtp/mailbox.ts'
import type { Origin } from '../../smtp/origin.ts'
import type { Refusal } from '../../smtp/reply.ts'
import type { Session } from '../../smtp/session.ts'
import { describeEvent } from '../../observe/describe-event.ts'
import { explainCopies } from './explain-copies.ts'
import { explainText } from './explain-text.ts'
import { FAILED, json, line, OK, USAGE } from '../io.ts'
import type { Io } from '../io.ts'
import { readMessage } from '../read-message.ts'
import { withData } from '../with-config.ts'

export interface ExplainOptions {
  readonly config: string
  readonly recipient: string
  /** Reverse-path; `<>` for the null sender. */
  readonly from?: string
  /** `internet`, `peer:mx`, `user:lee`, `machine:ci-01`, `local`; what the role's first listener admits where not given. */
  readonly as?: string
  readonly ip: string
  readonly helo: string
  /** File with a whole message, for the checks and the signature; `-` is standard input. */
  readonly message?: string
  readonly at: number
  readonly json?: boolean
}

/** What explain found; `--json` prints exactly this. */
interface Explanation {
  readonly origin: Origin
  readonly sender: { readonly reply: Refusal } | null
  readonly refused: Refusal | null
  readonly resolution: Resolution | null
  readonly message: { readonly reply: Refusal | null; readonly events: readonly Event[] } | null
}

export function explain(options: ExplainOptions, io: Io): Promise<number> | number {
  if (isIP(options.ip) === 0) {
    line(io.stderr, `--ip: found ${JSON.stringify(options.ip)}, expected an IPv4 or IPv6 address`)
    return USAGE
  }
  return withData(options.config, io, async (config, data) => {
    const from = options.from === undefined || options.from === '<>' || options.from === '' ? null : options.from
    const wrong = [options.recipient, ...(from === null ? [] : [from])].find((one) => parseMailbox(one).kind === 'bad')
    const origin = originOf(options.as, config, from)
    if (wrong !== undefined || origin === null) {
      line(
        io.stderr,
        wrong === undefined
          ? `--as: found ${options.as}, expected internet, local, peer:ROLE, user:NAME or machine:NAME`
          : `found ${JSON.stringify(wrong)}, expected an address such as press@example.org`,
      )
      return USAGE
    }
    const content = await contentOf(options.message, io)
    if (typeof content === 'string') {
      line(io.stderr, content)
      return USAGE
    }
    const found = await look({ config, data, origin, from, content }, options)
    if (options.json) json(io.stdout, found)
    else for (const text of lines(options.recipient, found)) line(io.stdout, text)
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

/** Null if no message is given; a sentence if it cannot be read. */
async function contentOf(message: string | undefined, io: Io): Promise<Content | string | null> {
  if (message === undefined) return null
  try {
    return await readMessage(message === '-' ? io.stdin : createReadStream(message))
  } catch (error) {
    return `--message: found ${message}, which cannot be read (${(error as Error).message}), expected a file with one message`
  }
}

async function look(subject: Subject, options: ExplainOptions): Promise<Explanation> {
  const { config, data, origin, from } = subject
  const asksSender = config.role.checks.includes('sender')
  const sender = asksSender ? await checkSender(senderRights(data), origin, from) : null
  const request = { forwardPath: options.recipient, reversePath: from, origin, at: options.at }
  const verdict = await checkRecipient({ router: data.router, internet: config.role.internet }, request)
  const resolution = verdict.resolution ?? (await data.router.resolve(request))
  return {
    origin,
    sender: sender && sender.kind !== 'accept' ? { reply: sender.reply } : null,
    refused: verdict.kind === 'accept' ? null : verdict.reply,
    resolution,
    message: subject.content && (await lookAtMessage({ ...subject, content: subject.content }, options, resolution)),
  }
}

async function lookAtMessage(
  subject: Subject & { readonly content: Content },
  options: ExplainOptions,
  resolution: Resolution,
): Promise<Explanation['message']> {
  const { config, data, origin, from, content } = subject
  const resolver = await openResolver(resolverSettings(config), systemClock)
  const checks = contentChecks(config, {
    resolver,
    maySendAs: senderRights(data),
    spam: buildRspamd(config, systemClock),
  })
  const mail = {
    queueId: '-',
    session: session(options, origin),
    origin,
    sender: from,
    recipients: [options.recipient],
    content,
    fields: readFields(content.header),
    at: options.at,
  }
  const findings = await runChecks(checks, mail)
  if (findings.kind === 'refused') return { reply: findings.reply, events: [] }
  const recipient = { forwardPath: options.recipient, resolution }
  const copies = await explainCopies(subject, { mail, findings }, recipient)
  return { reply: copies.reply, events: [...findings.events, ...copies.events] }
}

function session(options: ExplainOptions, origin: Origin): Session {
  const { ip, helo, at } = options
  const blank = { id: '-', listener: '-', remoteName: null, esmtp: true, tls: null }
  return { ...blank, remoteIp: ip, helo, connectedAt: at, origin }
}

/** What a client of this role would be; null if the words are none of ours. */
function originOf(as: string | undefined, config: Config, from: string | null): Origin | null {
  const local = from === null ? '' : splitAddress(from).local
  const admits = config.listeners[0]?.admit ?? []
  const usual = admits.includes('internet')
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

function lines(recipient: string, found: Explanation): string[] {
  const refused = (what: string, { code, enhanced, text, cause }: Refusal) =>
    `${what}: ${code} ${enhanced} ${text}${cause === text ? '' : ` (${cause})`}`
  return [
    ...(found.sender ? [refused('the sender is refused', found.sender.reply)] : []),
    ...(found.resolution ? [explainText(recipient, found.resolution)] : []),
    ...(found.refused && found.resolution?.kind === 'destinations' ? [refused('refused here', found.refused)] : []),
    ...(found.message?.reply ? [refused('the message is refused', found.message.reply)] : []),
    ...(found.message?.events.map(describeEvent) ?? []),
  ]
}
