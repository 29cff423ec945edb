// Search: messages by address, Message-ID, queue ID or session, or what arrived and was refused within a time.

import type { FleetSearch } from '../../fleet-view/trace-source.ts'
import { type Html, html } from '../../lib/html.ts'
import type { Page } from '../../lib/http-page.ts'
import { MOST_FOUND } from '../../fleet-view/fleet-messages.ts'
import { isQueueId } from '../../lib/ids.ts'
import { describeEvent } from '../../observe/describe-event.ts'
import type { Event } from '../../observe/events.ts'
import { foreign } from '../foreign-text.ts'
import { badge, card, link, note, pageOf, redirect, table } from '../frame.ts'
import { messagePath, type PathRecipient, stateTones } from '../message-path.ts'
import type { NodeTrace, StatusVisit } from '../status-ports.ts'
import { counted, time } from '../words.ts'
import { address } from './messages-view.ts'

/** Longest subject: two addresses are longer than any term of the ledger. */
const MOST_TEXT = 320
const KEEP_MS = 3_000
/** A search at other nodes costs them a look into their ledger. */
const OTHERS_KEEP_MS = 10_000
/** The page waits so long for the other nodes. */
const OTHERS_WAIT_MS = 2_500

export async function searchView(visit: StatusVisit): Promise<Page> {
  const { query } = visit
  const subject = (query.get('q') ?? '').trim().slice(0, MOST_TEXT)
  const [since, until] = [readTime(query.get('since')), readTime(query.get('until'))]
  const isTimeWrong = since === 'wrong' || until === 'wrong'
  if (isQueueId(subject) && !query.get('since') && !query.get('until'))
    return redirect(link('/message', { id: subject }))
  const nothing = subject === '' && since === null && until === null
  const answer = isTimeWrong || nothing ? null : await search(visit, wantedOf(subject, since, until))
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

function wantedOf(subject: string, since: TimeReading, until: TimeReading): FleetSearch {
  return {
    subject: subject === '' ? null : subject,
    ...(typeof since === 'number' ? { since } : {}),
    ...(typeof until === 'number' ? { until } : {}),
    limit: MOST_FOUND,
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
  readonly own: NodeTrace
  /** Null if they have not answered within the time; empty without other nodes. */
  readonly others: readonly NodeTrace[] | null
}

async function search({ ports: { nodes }, single }: StatusVisit, wanted: FleetSearch): Promise<SearchAnswer> {
  const key = JSON.stringify(wanted)
  const times = { keepMs: OTHERS_KEEP_MS, waitMs: OTHERS_WAIT_MS }
  const [own, others] = await Promise.all([
    single.run(`search ${key}`, KEEP_MS, () => nodes.search(wanted)),
    nodes.others.length === 0 ? [] : single.within(`search others ${key}`, times, () => nodes.searchOthers(wanted)),
  ])
  return { own, others }
}

function results(visit: StatusVisit, { own, others }: SearchAnswer, subject: string): Html {
  const traces = [own, ...(others ?? [])].filter(({ problem }) => problem === null)
  const hasNodes = visit.ports.nodes.others.length > 0
  const rows = traces
    .flatMap(({ node, events }) =>
      [...Map.groupBy(events, (event) => event.queueId ?? `session ${event.session ?? ''}`)].map(([key, group]) => ({
        node,
        key,
        events: group,
      })),
    )
    .toSorted((a, b) => (b.events[0]?.at ?? 0) - (a.events[0]?.at ?? 0))
    .map((found) => row(visit, found, hasNodes))
  const columns = [
    { name: 'Time' },
    ...(hasNodes ? [{ name: 'Node' }] : []),
    { name: 'Message' },
    { name: 'Sender' },
    { name: 'Recipients' },
    { name: 'Result' },
  ]
  const more =
    traces.some(({ hasOlder }) => hasOlder) &&
    note(
      'plain',
      subject === ''
        ? 'There are later ones too: choose a later start.'
        : 'Older messages match too: choose an earlier end.',
    )
  const where = hasNodes ? ` at ${traces.length} of ${counted(visit.ports.nodes.others.length + 1, 'node')}` : ''
  const title = `${rows.length === 0 ? 'Nothing found' : counted(rows.length, 'result')}${where}`
  return html`${more}${unasked(others)}${card(title, table('Results of the search', columns, rows, 'The ledger has no events that match.'))}`
}

/** The nodes that the search does not cover. */
function unasked(others: readonly NodeTrace[] | null): Html | null {
  if (others === null) return note('plain', 'The other nodes have not answered yet. Search again in some seconds.')
  const lines = others.flatMap(({ node, problem }) =>
    problem === null ? [] : [html`<li>${foreign(node, 255)}: ${foreign(problem)}</li>`],
  )
  if (lines.length === 0) return null
  return html`<div class="note warn" role="status"><p>These nodes are not searched:</p><ul class="list">${lines}</ul></div>`
}

interface Found {
  readonly node: string
  readonly key: string
  readonly events: readonly Event[]
}

function row(visit: StatusVisit, { node, key, events }: Found, hasNodes: boolean): readonly Html[] {
  const { received, refused, recipients } = messagePath(events)
  const [first] = events
  const [refusal] = refused
  const id = first?.queueId ?? null
  const sender = received ? received.sender : (refusal?.sender ?? null)
  const described =
    first && !received && !refusal ? foreign(describeEvent(visit.ports.privacy.event(first)), 300) : null
  return [
    first ? time(first.at) : html`–`,
    ...(hasNodes ? [foreign(node, 255)] : []),
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
