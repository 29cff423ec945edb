// Links to the pages that ask for the reason of an action. An operator who may look only gets none.

import { type Html, html } from '../lib/html.ts'
import { type Action, actionWords } from './action-words.ts'
import { link } from './frame.ts'
import type { StatusVisit } from './status-ports.ts'

/** Actions that a recipient or a sender notices at once. */
const dangerous: ReadonlySet<Action> = new Set(['bounce'])

export function actionLink(
  { operator }: Pick<StatusVisit, 'operator'>,
  action: Action,
  subject: Readonly<Record<string, string>>,
): Html | null {
  if (operator.right !== 'act') return null
  const about = Object.values(subject).join(' ')
  return html`<a class="button ${dangerous.has(action) ? 'danger' : 'quiet'}" href="${link('/act', { action, ...subject })}">${actionWords[action]}<span class="unseen"> ${about}</span></a>`
}
