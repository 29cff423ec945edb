// The addresses and domains of a fleet on lists in the DNS: on block lists, with the place where to ask for removal, and on allow lists.

import type { DnsLists, ListFinding, Subject } from '../filter/dns-lists.ts'
import type { Fleet } from '../fleet/fleet-model.ts'
import type { DnsFinding } from './findings.ts'
import { sourcesOf } from './plan-records.ts'

/** What an operator does about an entry of a list. */
export interface ListContact {
  /** Of a block list: where to ask for removal. Of an allow list: where to register. */
  readonly contact: string
  /** True for an allow list. */
  readonly allows: boolean
}

export interface CheckListsPorts {
  readonly lists: Pick<DnsLists, 'ask'>
  readonly contacts: ReadonlyMap<string, ListContact>
}

/** The questions of a check have no client. */
const NO_CLIENT = '127.0.0.1'

export async function checkLists(fleet: Fleet, ports: CheckListsPorts): Promise<readonly DnsFinding[]> {
  const subjects: Subject[] = [
    ...sourcesOf(fleet).map(({ address }) => ({ kind: 'address' as const, value: address })),
    ...fleet.domains.map(({ name }) => ({ kind: 'domain' as const, of: 'sender' as const, value: name })),
  ]
  const asked = await Promise.all(subjects.map((subject) => ports.lists.ask(subject, { ip: NO_CLIENT })))
  const found = asked.flat().flatMap((one) => findingOf(one, ports.contacts) ?? [])
  return [...found, ...silentLists(asked.flat())]
}

function findingOf({ list, subject, answer }: ListFinding, contacts: CheckListsPorts['contacts']): DnsFinding | null {
  const contact = contacts.get(list)
  const common = { id: `list ${list} ${subject.value}`, subject: subject.value }
  if (contact?.allows) {
    if (answer.kind !== 'not-listed' || subject.kind !== 'address') return null
    const problem = `is not on the allow list ${list}`
    return { ...common, severity: 'note', problem, breaks: null, advice: `Register it: ${contact.contact}` }
  }
  if (answer.kind !== 'listed' || answer.points <= 0) return null
  const page = answer.url === null ? '' : `; the entry: ${answer.url}`
  return {
    ...common,
    severity: 'error',
    problem: `is on the list ${list}: ${answer.meaning}`,
    breaks: 'receivers that use the list refuse mail from it',
    advice: `Find the cause first. Removal: ${contact?.contact ?? 'see its page'}${page}`,
  }
}

/** A list that does not answer says nothing about our addresses: one note for each list. */
function silentLists(findings: readonly ListFinding[]): readonly DnsFinding[] {
  const silent = findings.filter(({ answer }) => answer.kind === 'unavailable' || answer.kind === 'unknown')
  return [...Map.groupBy(silent, ({ list }) => list)].map(([list, group]) => {
    const [{ answer }] = group as [ListFinding]
    const cause = answer.kind === 'unavailable' ? answer.cause : 'it answers with an unknown code'
    return {
      id: `unknown ${list}`,
      severity: 'note',
      subject: list,
      problem: `this list says nothing about us: ${cause}`,
      breaks: null,
      advice: 'Ask it through a resolver that is used by this organisation only',
      isUnknown: true,
    }
  })
}
