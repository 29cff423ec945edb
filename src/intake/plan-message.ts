// Plans the copies of a message: first the envelopes, then the treatment of each copy. `waypost explain` runs the same plan.

import { planCopies, refusedWhole } from './copies.ts'
import type { Copy } from './copies.ts'
import type { Checked } from './intake.ts'
import type { IntakeSettings } from './ports.ts'
import type { SortedRecipients } from './recipients.ts'
import { chooseEnvelopes } from './safe-envelopes.ts'
import type { EnvelopePorts } from './safe-envelopes.ts'
import type { Refusal } from '../smtp/reply.ts'

export type MessagePlan =
  | { readonly kind: 'refused'; readonly reply: Refusal }
  | {
      readonly kind: 'planned'
      /** With the events of the plan. */
      readonly checked: Checked
      readonly sorted: SortedRecipients
      readonly copies: readonly Copy[]
    }

const noRefusals: ReadonlyMap<never, string> = new Map<never, string>()

/** The plan, or the refusal of the whole message. */
export async function planMessage(
  settings: Pick<IntakeSettings, 'envelopes' | 'forwards'>,
  ports: EnvelopePorts,
  { checked, sorted }: { readonly checked: Checked; readonly sorted: SortedRecipients },
): Promise<MessagePlan> {
  const { mail, findings } = checked
  const choice = settings.envelopes
    ? await chooseEnvelopes(settings.envelopes, ports, { checked, sorted })
    : ({ kind: 'chosen', sorted, refusals: noRefusals, events: [] } as const)
  if (choice.kind === 'refused') return choice
  const copies = planCopies(settings.forwards ?? null, { ...findings, fields: mail.fields }, choice)
  const reply = refusedWhole(copies)
  if (reply) return { kind: 'refused', reply }
  const events = [...findings.events, ...choice.events]
  return {
    kind: 'planned',
    checked: choice.events.length === 0 ? checked : { ...checked, findings: { ...findings, events } },
    sorted: choice.sorted,
    copies,
  }
}
