// What an operator should look at first, as a list.

import { type Html, html } from '../../lib/html.ts'
import type { Attention } from '../attention.ts'
import { foreign } from '../foreign-text.ts'
import { badge, card } from '../frame.ts'
import type { StatusVisit } from '../status-ports.ts'

/** Longest list: what is below it is less urgent. */
const MOST_ITEMS = 30

/** @param nothing what an empty list means */
export function attentionCard({ ports }: StatusVisit, items: readonly Attention[], nothing: string): Html {
  if (items.length === 0) return card('What needs attention', html`<p>${badge('good', 'Nothing')} ${nothing}</p>`)
  const lines = items.slice(0, MOST_ITEMS).map(({ tone, what, advice, to }) => {
    const word = { bad: 'Act now', warn: 'Act', plain: 'Look' }[tone]
    const text = foreign(ports.privacy.text(what), 400)
    return html`<li><p>${badge(tone, word)}</p><div><p>${to === null ? text : html`<a href="${to}">${text}</a>`}</p><p class="soft small">${advice}</p></div></li>`
  })
  const more = items.length - lines.length
  return card(
    'What needs attention',
    html`<ul class="attention">${lines}</ul>${more > 0 && html`<p class="soft">and ${more} more</p>`}`,
  )
}
