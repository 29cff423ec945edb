// What an action is about, from the fields of a link or a form.

import { isQueueId } from '../lib/ids.ts'
import type { QueueFilter } from '../queue/contract/recipient-filter.ts'
import type { BanSubject } from '../state/ban-contract.ts'
import type { Action } from './action-words.ts'
import type { StatusPorts } from './status-ports.ts'

export interface Subject {
  /** For the form that confirms it. */
  readonly fields: Readonly<Record<string, string>>
  /** For people. */
  readonly text: string
  /** The queued mail that it is about; absent if it is about none. */
  readonly filter?: QueueFilter
  readonly account?: string
  readonly ban?: BanSubject
}

/** Longest name: as of a destination or an account. */
const MOST = 320

/** A string says what is wrong. */
export function readSubject(action: Action, values: URLSearchParams, ports: StatusPorts): Subject | string {
  const given = (name: string) => (values.get(name) ?? '').trim().slice(0, MOST)
  switch (action) {
    case 'hold':
    case 'release':
    case 'retry':
    case 'bounce':
    case 'suspend':
    case 'resume':
      return queueSubject(action, { id: given('id'), destination: given('destination') })
    case 'account-hold':
    case 'account-release': {
      const account = ports.accounts.readName(given('account'))
      return account === null
        ? 'Please name an account, such as user:kim.'
        : { fields: { account }, text: account, account }
    }
    case 'ban':
    case 'unban': {
      const ban = ports.bans.readSubject(given('value'))
      if (typeof ban === 'string') return ban
      const kind = given('kind')
      if (kind !== '' && kind !== ban.kind) return `found ${ban.kind} ${ban.value}, expected the ${kind} that you chose`
      return { fields: { kind: ban.kind, value: ban.value }, text: `${ban.kind} ${ban.value}`, ban }
    }
  }
}

function queueSubject(
  action: Action,
  { id, destination }: { readonly id: string; readonly destination: string },
): Subject | string {
  const needsDestination = action === 'suspend' || action === 'resume'
  if (!needsDestination && isQueueId(id)) return { fields: { id }, text: `message ${id}`, filter: { queueIds: [id] } }
  // A pattern would act on more than the page shows.
  if (destination === '' || destination.includes('*')) return 'Please name a message or one destination.'
  return { fields: { destination }, text: destination, filter: { destination } }
}
