// Takes a message into quarantine: it is accepted and held, until an operator releases it or its time is over. The space is bounded, and so is
// what one site can put into it, since strangers choose what looks suspicious.

import type { Rate } from '../budget/rate.ts'
import { siteNetwork } from '../lib/ip-address.ts'
import type { Mail } from '../policy/check.ts'
import type { Quarantined } from '../queue/contract/queue-reader.ts'
import type { NewMessage } from '../queue/contract/queue.ts'
import { refusal } from '../smtp/reply.ts'
import type { Refusal } from '../smtp/reply.ts'

export interface QuarantineSettings {
  /** Milliseconds after which a message that was not released fails. */
  readonly keepMs: number
  readonly messages: number
  /** Headers and bodies of all messages. */
  readonly octets: number
}

export interface QuarantinePorts {
  /** What is held now. */
  readonly stored: () => Promise<Quarantined>
  /** The budget `quarantined`. */
  readonly bySite: Rate
}

export type QuarantineAnswer =
  | { readonly kind: 'held'; readonly held: NonNullable<NewMessage['held']> }
  | { readonly kind: 'refused'; readonly reply: Refusal }

export interface Quarantine {
  /** Rejects only if the queue does. @param reason why the message is suspicious */
  admit(mail: Pick<Mail, 'session' | 'content' | 'at'>, reason: string): Promise<QuarantineAnswer>
}

export function createQuarantine(settings: QuarantineSettings, { stored, bySite }: QuarantinePorts): Quarantine {
  return {
    admit: async ({ session, content, at }, reason) => {
      const { messages, octets } = await stored()
      const size = content.header.length + content.bodySize
      if (messages >= settings.messages || octets + size > settings.octets)
        return full(`the quarantine is full: ${messages} messages, ${octets} octets; ${reason}`)
      if (session && !bySite.take(siteNetwork(session.remoteIp)))
        return full(`the site of ${session.remoteIp} has its share of the quarantine; ${reason}`)
      return { kind: 'held', held: { by: 'node', reason, until: at + settings.keepMs } }
    },
  }
}

function full(cause: string): QuarantineAnswer {
  const text = 'This message looks suspicious and cannot be kept for a decision now, please try again later'
  return { kind: 'refused', reply: refusal(451, '4.7.1', text, cause) }
}
