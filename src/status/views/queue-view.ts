// Queue: what waits, by destination, with the reason and its end.

import { type Html, html } from '../../lib/html.ts'
import type { Page } from '../../lib/http-page.ts'
import type { Suspension } from '../../queue/contract/queue-reader.ts'
import type { DestinationWait } from '../../queue/scheduling/destination-wait.ts'
import { actionLink } from '../action-link.ts'
import { foreign } from '../foreign-text.ts'
import { badge, card, link, note, pageOf, table } from '../frame.ts'
import type { StatusVisit } from '../status-ports.ts'
import { counted, number, relative } from '../words.ts'
import { messageFilter } from './message-filter.ts'
import { otherQueues } from './other-nodes.ts'

const REFRESH_S = 15
const KEEP_MS = 3_000
/** Destinations of a page. */
const PAGE_SIZE = 50
/** Suspended destinations whose mail is counted: each is a look into an index. */
const MOST_COUNTED = 50

/** The next column has the time. */
const reasonTexts: Readonly<Record<DestinationWait['reason'], string>> = {
  unreachable: 'none of its hosts can be reached; the next delivery probes it',
  rate: 'its rate permits the next delivery later',
  pause: 'a host asked for a pause, or a shared limit is reached',
  connections: 'its hosts accept no more connections now',
  reports: 'all deliveries of reports are running',
  concurrency: 'as many deliveries as it may have are running',
  slots: 'all deliveries of the node are running',
}

export async function queueView(visit: StatusVisit): Promise<Page> {
  const { query, now } = visit
  const page = Math.max(0, Math.min(10_000, Math.trunc(Number(query.get('page') ?? '0')) || 0))
  const known = await visit.single.run(`queue ${page}`, KEEP_MS, () => collect(visit, page))
  const { shown, all, overview, waits, state } = known
  const others = await otherQueues(visit)
  const suspended = new Map(overview.suspended.map((one) => [one.nextHop, one]))
  const rows = shown.map(({ nextHop, waiting, earliestAttemptAt, oldest }) => {
    const wait = waits.destinations.get(nextHop)
    const stop = suspended.get(nextHop)
    return [
      html`<a href="${link('/queue/messages', { destination: nextHop })}">${foreign(nextHop)}</a>`,
      number(waiting),
      oldest === null ? '–' : relative(oldest, now),
      stop
        ? suspensionText(stop)
        : wait
          ? html`${badge(wait.reason === 'unreachable' ? 'warn' : 'plain', wait.reason)} <span class="small">${reasonTexts[wait.reason]}</span>`
          : html`<span class="soft">${earliestAttemptAt > now ? 'back-off of its messages' : 'due now'}</span>`,
      stop ? '–' : wait?.until ? relative(wait.until, now) : relative(earliestAttemptAt, now),
      html`<div class="acts">${actionLink(visit, stop ? 'resume' : 'suspend', { destination: nextHop })}${actionLink(visit, 'retry', { destination: nextHop })}</div>`,
    ]
  })
  const columns = [
    { name: 'Destination' },
    { name: 'Waiting', isNumber: true },
    { name: 'Oldest' },
    { name: 'Why' },
    { name: 'Until' },
    { name: 'Actions', isUnseen: true },
  ]
  const body = html`${waits.stopped !== null && note('bad', `Nothing is delivered: ${waits.stopped}`)}
${state.kind !== 'ok' && note('bad', state.kind === 'full' ? 'The file system of the queue is nearly full: the node accepts no mail.' : state.cause)}
<section class="card"><p>${state.kind === 'ok' ? html`${counted(state.waiting, 'recipient')} wait${state.waiting === 1 ? 's' : ''}` : 'The number of waiting recipients is not known'}${overview.oldestArrivedAt !== null && html`; the oldest message arrived ${relative(overview.oldestArrivedAt, now)}`}.
${overview.held > 0 && html`<a href="/queue/messages?state=held">${counted(overview.held, 'recipient')} on hold</a>.`} ${overview.noticesDue > 0 && `${counted(overview.noticesDue, 'notice')} due to senders.`}</p>
${messageFilter(new URLSearchParams())}</section>
${card(others === null ? 'By destination' : 'By destination, at this node', table('Waiting mail by destination', columns, rows, 'No mail waits.'))}
${pages(page, all)}${others}`
  return pageOf(visit, { title: 'Queue', body, refresh: REFRESH_S })
}

async function collect({ ports: { queue } }: StatusVisit, page: number) {
  const [overview, waits, state] = await Promise.all([queue.reader.overview(), queue.waits(), queue.health()])
  const suspended = await Promise.all(
    overview.suspended.slice(0, MOST_COUNTED).map(async ({ nextHop }) => ({
      nextHop,
      waiting: await queue.reader.waitingFor(nextHop),
      earliestAttemptAt: 0,
    })),
  )
  const all = [...suspended, ...queue.destinations()].toSorted(
    (a, b) => b.waiting - a.waiting || (a.nextHop < b.nextHop ? -1 : 1),
  )
  const part = all.slice(page * PAGE_SIZE, (page + 1) * PAGE_SIZE)
  const oldest = await queue.reader.oldest(part.filter(({ waiting }) => waiting > 0).map(({ nextHop }) => nextHop))
  return {
    overview,
    waits,
    state,
    all: all.length,
    shown: part.map((one) => ({ ...one, oldest: oldest.get(one.nextHop) ?? null })),
  }
}

function suspensionText({ by, reason }: Suspension): Html {
  return html`${badge('warn', 'suspended')} <span class="small">by ${foreign(by)}${reason !== '' && html`: ${foreign(reason)}`}</span>`
}

function pages(page: number, all: number): Html | null {
  const isLast = (page + 1) * PAGE_SIZE >= all
  if (page === 0 && isLast) return null
  return html`<div class="pages">${page > 0 && html`<a class="button quiet" href="${link('/queue', { page: page - 1 || null })}">Previous</a>`}${!isLast && html`<a class="button quiet" href="${link('/queue', { page: page + 1 })}">Next</a>`}</div>`
}
