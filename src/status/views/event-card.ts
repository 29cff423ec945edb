// Every event of a message, of all nodes, in the order of their clocks.

import { type Html, html } from '../../lib/html.ts'
import { describeEvent, stepLines } from '../../observe/describe-event.ts'
import { foreign } from '../foreign-text.ts'
import { card, link, note, table } from '../frame.ts'
import type { StatusVisit } from '../status-ports.ts'
import { number, time } from '../words.ts'
import type { NodePart } from './path-card.ts'

/** Events of a table. `waypost trace` has all of them. */
const MOST_EVENTS = 500

/** @param id of the message of the page: the others are links */
export function eventCard(visit: StatusVisit, id: string, parts: readonly NodePart[]): Html {
  const { privacy } = visit.ports
  const hasNodes = parts.length > 1
  const all = parts
    .flatMap(({ node, events }) => events.map((event) => ({ node, event })))
    .toSorted((a, b) => a.event.at - b.event.at)
  const rows = all.slice(-MOST_EVENTS).map(({ node, event: original }) => {
    const event = privacy.event(original)
    const steps = stepLines(event)
    const what = html`${foreign(describeEvent(event), 1000)}${steps.length > 0 && html`<ul>${steps.map((step) => html`<li>${foreign(privacy.text(step))}</li>`)}</ul>`}${event.queueId !== null && event.queueId !== id && html` <a class="mono" href="${link('/message', { id: event.queueId })}">${event.queueId}</a>`}`
    return hasNodes ? [time(event.at), foreign(node, 255), what] : [time(event.at), what]
  })
  const more = all.length - rows.length
  const columns = [{ name: 'Time' }, ...(hasNodes ? [{ name: 'Node' }] : []), { name: 'Event' }]
  const title = hasNodes ? 'Every event at every node' : `Every event at ${parts[0]?.node ?? 'this node'}`
  return card(
    title,
    html`${more > 0 && note('plain', `The first ${number(more)} events are left out; waypost trace has them.`)}<div class="events">${table('Events', columns, rows)}</div>`,
  )
}
