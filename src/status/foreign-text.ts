// Texts of strangers on a page: addresses, replies, names, reasons. They keep their direction to themselves, show what a reader would not
// see, and have a bounded length.

import { type Html, html } from '../lib/html.ts'
import { printable } from '../lib/printable.ts'

/** A mail address has at most 254 characters; a reply of several lines may have some thousand. */
const MOST = 300

/** A name or an address of so many characters is not broken in a table of a wide screen. */
const MOST_WHOLE = 26

/** In one line, in an element that isolates its direction (UAX #9). @param most characters */
export function foreign(text: string, most = MOST): Html {
  const written = shown(text, most)
  const isWhole = written.length <= MOST_WHOLE && !written.includes(' ')
  return html`<bdi${isWhole ? html` class="whole"` : ''}>${written}</bdi>`
}

/** The same for an attribute. */
export function shown(text: string, most = MOST): string {
  const line = printable(text.replaceAll(/\s+/g, ' ').trim())
  // By code points, so that no pair is cut.
  const points = line.length > most ? Array.from(line) : null
  return points && points.length > most ? `${points.slice(0, most).join('')}…` : line
}
