// The form that selects queued messages, and the filter that it stands for.

import { isQueueId } from '../../lib/ids.ts'
import { type Html, html } from '../../lib/html.ts'
import type { QueueFilter } from '../../queue/contract/recipient-filter.ts'
import { type RecipientState, recipientStates } from '../../queue/contract/states.ts'

/** Longest text of a condition. */
const MOST = 320
const fields = ['destination', 'sender', 'recipient', 'state', 'reply'] as const

/** The filter of a query; conditions that are empty or too long are left out. */
export function filterOf(query: URLSearchParams): QueueFilter {
  const value = (name: string) => {
    const text = query.get(name)?.trim() ?? ''
    return text.length > 0 && text.length <= MOST ? text : undefined
  }
  const given = (name: 'destination' | 'sender' | 'recipient' | 'reply') => {
    const text = value(name)
    return text === undefined ? {} : { [name]: text }
  }
  const state = value('state')
  const id = value('id')
  return {
    ...(id !== undefined && isQueueId(id) ? { queueIds: [id] } : {}),
    ...given('destination'),
    ...given('sender'),
    ...given('recipient'),
    ...given('reply'),
    ...(state !== undefined && isState(state) ? { states: [state] } : {}),
  }
}

function isState(text: string): text is RecipientState {
  return (recipientStates as readonly string[]).includes(text)
}

/** The values of the form that are set, for links to further parts. */
export function filterQuery(query: URLSearchParams): Readonly<Record<string, string>> {
  return Object.fromEntries(fields.flatMap((name) => (query.get(name) ? [[name, query.get(name) as string]] : [])))
}

export function messageFilter(query: URLSearchParams): Html {
  const input = (name: string, text: string, hint: string) =>
    html`<div><label for="filter-${name}">${text}</label><input id="filter-${name}" name="${name}" value="${query.get(name) ?? ''}" placeholder="${hint}" maxlength="${MOST}"></div>`
  const states = recipientStates.map(
    (one) => html`<option value="${one}"${query.get('state') === one ? html` selected` : ''}>${one}</option>`,
  )
  return html`<form class="fields" method="get" action="/queue/messages">
${input('destination', 'Destination', 'mx:example.net, *')}${input('sender', 'Sender', '*@example.org')}${input('recipient', 'Recipient', '*@example.net')}
<div><label for="filter-state">State</label><select id="filter-state" name="state"><option value="">any</option>${states}</select></div>
${input('reply', 'Last reply has', 'blocked')}<button>Show messages</button></form>`
}
