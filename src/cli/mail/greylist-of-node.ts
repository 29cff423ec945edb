// The greylist of a node for `waypost explain`: it answers as the node would, and records nothing.

import { Readable } from 'node:stream'
import type { Config } from '../../config/config.ts'
import type { Mail, RecipientFacts } from '../../policy/check.ts'
import { greylistCheck, type GreylistParts } from '../../policy/checks/greylist.ts'
import type { Trust } from '../../policy/trust.ts'
import type { Resolution } from '../../route/resolution.ts'
import type { Refusal } from '../../smtp/reply.ts'
import { peekingGreylist } from '../../state/sqlite/greylist-access.ts'
import { greylistSettings } from '../../wiring/greylist-settings.ts'
import { greylistPath } from '../../wiring/node-paths.ts'

export function greylistOfNode(config: Config): GreylistParts {
  const settings = greylistSettings(config)
  return { settings: () => settings, table: peekingGreylist(greylistPath(config)), count: () => undefined }
}

type Outlook = Pick<RecipientFacts, 'origin' | 'sender' | 'forwardPath' | 'evidence' | 'at'> & {
  readonly session: Mail['session']
  readonly resolution: Resolution
}

/** The reply at the end of data to a message of which only the envelope is known; null if it need not wait. */
export async function greylistOutlook(
  config: Config,
  trust: Trust | null,
  { forwardPath, resolution, ...known }: Outlook,
): Promise<{ readonly reply: Refusal } | null> {
  const content = { header: Buffer.alloc(0), bodySize: 0, openBody: () => Readable.from([]) }
  const nothing = { queueId: '-', content, fields: [] }
  // Of an allowed sender only the message shows whether it is proven.
  if (trust?.kind === 'pending') return null
  const mail: Mail = {
    ...known,
    ...nothing,
    ...(trust && { trust }),
    recipients: [forwardPath],
    resolutions: [resolution],
  }
  const finding = await greylistCheck(greylistOfNode(config)).message?.(mail)
  return finding && finding.verdict.kind !== 'accept' ? { reply: finding.verdict.reply } : null
}
