// What `waypost explain` found, and its lines.

import { describeEvent } from '../../observe/describe-event.ts'
import type { Event } from '../../observe/events.ts'
import type { RuleFinding } from '../../message/sender-rules.ts'
import type { TestRefusal } from '../../policy/test-mode.ts'
import type { Trust } from '../../policy/trust.ts'
import type { Resolution } from '../../route/resolution.ts'
import type { Origin } from '../../smtp/origin.ts'
import type { Refusal } from '../../smtp/reply.ts'
import { explainLines } from './explain-lines.ts'
import { type ForeignSender, senderLines } from './explain-sender.ts'
import { lintLines } from './lint-lines.ts'

/** The output of `--json`. */
export interface Explanation {
  readonly origin: Origin
  /** What checks in test mode would refuse. */
  readonly tested: readonly TestRefusal[]
  readonly sender: { readonly reply: Refusal } | null
  readonly refused: Refusal | null
  readonly resolution: Resolution | null
  /** Without a message: how it would have to wait, unless DMARC passes; null if it would not. */
  readonly greylist: { readonly reply: Refusal } | null
  readonly message: { readonly reply: Refusal | null; readonly events: readonly Event[] } | null
  /** The rules of large providers that the message breaks; null without a message of a client of ours. */
  readonly senderRules: readonly RuleFinding[] | null
  /** What the allow list says; null without an entry. */
  readonly trust: Trust | null
  /** The reverse-path, and whether the command assumed it because none was given. */
  readonly from: { readonly address: string | null; readonly isAssumed: boolean }
  /** What happens to a sender of another organisation, if the null sender is assumed. */
  readonly foreignSender: ForeignSender | null
}

/** For people. */
export function explanationLines(recipient: string, found: Explanation): string[] {
  const rejected = (what: string, { code, enhanced, text, cause }: Refusal) =>
    `${what}: ${code} ${enhanced} ${text}${cause === text ? '' : ` (${cause})`}`
  return [
    ...(found.sender ? [rejected('the sender is rejected', found.sender.reply)] : []),
    ...(found.resolution ? explainLines(recipient, found.resolution) : []),
    ...(found.trust ? ['', trustLine(found.trust)] : []),
    ...(found.from.isAssumed ? senderLines(found.origin, found.foreignSender) : []),
    ...(found.refused && found.resolution?.kind === 'destinations'
      ? [rejected('the recipient is rejected', found.refused)]
      : []),
    ...(found.greylist ? [rejected('unless DMARC passes, the message waits', found.greylist.reply)] : []),
    ...(found.message?.reply ? [rejected('the message is rejected', found.message.reply)] : []),
    ...found.tested.map(({ check, reply }) => rejected(`would be refused by ${check} (test mode)`, reply)),
    ...(found.message?.events.map(describeEvent) ?? []),
    ...(found.senderRules ? ['', ...lintLines(found.senderRules)] : []),
  ]
}

const trustTexts = {
  allowed: 'no DNS list, greylisting or spam score refuses the message',
  pending: 'applies if SPF, DKIM or DMARC proves the sender',
} as const

function trustLine(trust: Trust): string {
  return `${trust.entry}: ${trust.kind === 'allowed' || trust.kind === 'pending' ? trustTexts[trust.kind] : trust.cause}`
}
