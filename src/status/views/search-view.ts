// Search: messages by address, Message-ID, queue ID or session, or what arrived and was refused within a time.

import { type Html, html, type HtmlValue } from '../../lib/html.ts'
import type { Page } from '../../lib/http-page.ts'
import { isQueueId } from '../../lib/ids.ts'
import { describeEvent } from '../../observe/describe-event.ts'
import type { Event } from '../../observe/events.ts'
import { foreign } from '../foreign-text.ts'
import { badge, card, link, note, pageOf, redirect, table } from '../frame.ts'
import { messagePath, type PathRecipient, stateTones } from '../message-path.ts'
import type { NodeTrace, SearchRange, StatusVisit } from '../status-ports.ts'
import { counted, time } from '../words.ts'
import { address } from './messages-view.ts'

/** Messages of an answer. */
const MOST_MESSAGES = 50
/** Longest subject: two addresses are longer than any term of the ledger. */
const MOST_TEXT = 320
const KEEP_MS = 3_000

export async function searchView(visit: StatusVisit): Promise<Page> {
  const { query } = visit
  const subject = (query.get('q') ?? '').trim().slice(0, MOST_TEXT)
  const [since, until] = [readTime(query.get('since')), readTime(query.get('until'))]
  const isTimeWrong = since === 'wrong' || until === 'wrong'
  if (isQueueId(subject) && !query.get('since') && !query.get('until'))
    return redirect(link('/message', { id: subject }))
  const nothing = subject === '' && since === null && until === null
  const answer = isTimeWrong || nothing ? null : await search(visit, subject, range(since, until))
  const body = html`${isTimeWrong && note('warn', 'A time is not understood. Write it as 2026-11-21 14:30, in UTC.')}
<section class="card">${searchForm(query, subject)}</section>
${answer && results(visit, answer, subject)}`
  return pageOf(visit, { title: 'Search', body })
}

type TimeReading = number | null | 'wrong'

/** `2026-11-21`, `2026-11-21 14:30`, `2026-11-21T14:30`; without a zone in UTC. */
function readTime(text: string | null): TimeReading {
  const trimmed = text?.trim() ?? ''
  if (trimmed === '') return null
  const [, day, clock = '00:00', zone = 'Z'] =
    /^(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d(?::\d\d(?:\.\d+)?)?)(Z)?)?$/.exec(trimmed) ?? []
  const at = day === undefined ? Number.NaN : Date.parse(`${day}T${clock}${zone}`)
  return Number.isNaN(at) ? 'wrong' : at
}

function range(since: TimeReading, until: TimeReading): SearchRange {
  return {
    ...(typeof since === 'number' ? { since } : {}),
    ...(typeof until === 'number' ? { until } : {}),
    limit: MOST_MESSAGES,
  }
}

function searchForm(query: URLSearchParams, subject: string): Html {
  return html`<form class="fields" method="get" action="/search">
<div><label for="q">Address, Message-ID, queue ID or session</label><input id="q" name="q" value="${subject}" maxlength="${MOST_TEXT}" size="40"></div>
<div><label for="since">From</label><input id="since" name="since" value="${query.get('since') ?? ''}" placeholder="2026-11-21 14:30" maxlength="30"></div>
<div><label for="until">Until</label><input id="until" name="until" value="${query.get('until') ?? ''}" placeholder="2026-11-21 15:00" maxlength="30"></div>
<button>Search</button></form>
<p class="soft small">Addresses are compared whole, as sender, original or final recipient. Without a text the times alone select. Times are in UTC.</p>`
}

interface SearchAnswer {
  readonly traces: readonly NodeTrace[]
  readonly hasMore: boolean
}

function search({ ports, single }: StatusVisit, subject: string, wanted: SearchRange): Promise<SearchAnswer> {
  return single.run(`search ${JSON.stringify([subject, wanted])}`, KEEP_MS, async () => {
    if (subject !== '') {
      const traces = await ports.nodes.search(subject, wanted)
      return { traces, hasMore: traces.some(({ hasOlder }) => hasOlder) }
    }
    const events: Event[] = []
    let count = 0
    for await (const entry of ports.queue.reader.ledger({ ...wanted, kinds: ['received', 'rejected'] })) {
      if (count++ === wanted.limit) return { traces: [ofNode(ports.facts.hostname, events)], hasMore: true }
      events.push(...entry)
    }
    return { traces: [ofNode(ports.facts.hostname, events)], hasMore: false }
  })
}

function ofNode(node: string, events: readonly Event[]): NodeTrace {
  return { node, events, hasOlder: false, shown: null, problem: null }
}

function results(visit: StatusVisit, { traces, hasMore }: SearchAnswer, subject: string): Html {
  const rows = traces.flatMap(({ node, events, problem }): (readonly HtmlValue[])[] => {
    if (problem !== null) return [['', node, '', '', html`${badge('bad', 'no answer')} ${foreign(problem)}`]]
    const groups = [...Map.groupBy(events, (event) => event.queueId ?? `session ${event.session ?? ''}`)]
    return groups.map(([key, own]) => row(visit, { node, key, events: own }))
  })
  const columns = [
    { name: 'Time' },
    { name: 'Message' },
    { name: 'Sender' },
    { name: 'Recipients' },
    { name: 'Result' },
  ]
  const more =
    hasMore &&
    note(
      'plain',
      subject === ''
        ? 'There are later ones too: choose a later start.'
        : 'Older messages match too: choose an earlier end.',
    )
  const title =
    rows.length === 0
      ? 'Nothing found'
      : `${counted(rows.length, 'result')}${traces.length > 1 ? ` at ${counted(traces.length, 'node')}` : ''}`
  return html`${more}${card(title, table('Results of the search', columns, rows.toReversed(), 'The ledger has no events that match.'))}`
}

interface Found {
  readonly node: string
  readonly key: string
  readonly events: readonly Event[]
}

function row(visit: StatusVisit, { key, events }: Found): readonly Html[] {
  const { received, refused, recipients } = messagePath(events)
  const [first] = events
  const [refusal] = refused
  const id = first?.queueId ?? null
  const sender = received ? received.sender : (refusal?.sender ?? null)
  const described =
    first && !received && !refusal ? foreign(describeEvent(visit.ports.privacy.event(first)), 300) : null
  return [
    first ? time(first.at) : html`–`,
    id === null
      ? html`<span class="mono">${foreign(key)}</span>`
      : html`<a class="mono" href="${link('/message', { id })}">${id}</a>`,
    sender === null ? html`<code>&lt;&gt;</code>` : address(visit, sender),
    recipients.length === 0
      ? refusal?.recipient === undefined
        ? html`–`
        : address(visit, refusal.recipient)
      : names(visit, recipients),
    described ??
      (refusal && recipients.length === 0
        ? html`${badge('bad', 'refused')} <span class="small">${foreign(visit.ports.privacy.text(refusal.reply), 300)}</span>`
        : states(recipients)),
  ]
}

/** Of one message; its page has all. */
const MOST_NAMES = 2

function names(visit: StatusVisit, recipients: readonly PathRecipient[]): Html {
  const shown = recipients.slice(0, MOST_NAMES).map(({ original }) => html`<li>${address(visit, original)}</li>`)
  const more = recipients.length - shown.length
  return html`<ul class="plainlist">${shown}</ul>${more > 0 && html`<span class="soft small">and ${more} more</span>`}`
}

function states(recipients: readonly PathRecipient[]): Html {
  const counts = new Map<PathRecipient['state'], number>()
  for (const { state } of recipients) counts.set(state, (counts.get(state) ?? 0) + 1)
  const shown = [...counts].map(([state, count]) => badge(stateTones[state], count === 1 ? state : `${count} ${state}`))
  return html`${shown.length === 0 ? 'accepted' : shown}`
}
