// A link behind the text of a refusal, where the sender finds what to do. It names the session, which `waypost trace` finds in the ledger.

import type { Refusal, Reply } from '../smtp/reply.ts'

/** What stands for the ID in the template. */
const ID = '{id}'

/** Refusals with the link; other replies, such as those to syntax errors, as they are. Null is no link. */
export function withHelpLink(reply: Reply | Refusal, template: string | null, id: string): Reply {
  if (template === null || !('cause' in reply)) return reply
  return { ...reply, text: `${reply.text}; see ${template.replaceAll(ID, id)}` }
}
