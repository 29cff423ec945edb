// Actions: a page that says what an action changes and asks for a reason, and the action itself. The ledger gets the name of the operator
// and the reason.

import { form } from '../../lib/form-guard.ts'
import { type Html, html } from '../../lib/html.ts'
import type { Page } from '../../lib/http-page.ts'
import { type Action, actions, actionWords } from '../action-words.ts'
import { foreign } from '../foreign-text.ts'
import { card, link, note, pageOf, redirect } from '../frame.ts'
import { perform } from '../perform-action.ts'
import type { StatusVisit } from '../status-ports.ts'
import { counted } from '../words.ts'
import { readSubject, type Subject } from '../action-subject.ts'

/** Longest reason: a line of the ledger. */
const MOST_REASON = 300
/** Recipients that a page counts before an action. */
const MOST_COUNTED = 500

/** These take a reason, because they stop mail, return it or shut a person out. */
const needsReason: ReadonlySet<Action> = new Set(['hold', 'bounce', 'suspend', 'account-hold', 'ban'])

const explained: Readonly<Record<Action, string>> = {
  hold: 'The mail stays in the queue, is not attempted, and does not expire until an operator releases it.',
  release: 'The mail is attempted again.',
  retry: 'The mail is due now, whatever its back-off, and its destination is tried even if it could not be reached.',
  bounce: 'The mail is returned: senders who may get reports get one with your reason. This cannot be undone.',
  suspend: 'Nothing is attempted to this destination. Its mail waits and does not expire until an operator resumes it.',
  resume: 'The destination gets its mail again.',
  'account-hold': 'Queued mail of the account stops, and its new mail is held or refused.',
  'account-release': 'The account may send again, and its queued mail continues.',
  ban: 'The address, network or account cannot connect or log in until the ban ends.',
  unban: 'The ban ends now, and the failures of its subject are forgotten.',
}

export function actView(visit: StatusVisit): Promise<Page> | Page {
  const action = actionOf(visit.query)
  const subject = action && readSubject(action, visit.query, visit.ports)
  if (!action || !subject || typeof subject === 'string')
    return refused(visit, typeof subject === 'string' ? subject : 'There is no such action.')
  if (visit.operator.right !== 'act') return forbidden(visit)
  return confirmation(visit, { action, subject, problem: null })
}

export async function actNow(visit: StatusVisit): Promise<Page> {
  const action = actionOf(visit.form)
  const subject = action && readSubject(action, visit.form, visit.ports)
  if (!action || !subject || typeof subject === 'string')
    return refused(visit, typeof subject === 'string' ? subject : 'There is no such action.')
  if (visit.operator.right !== 'act') return forbidden(visit)
  const reason = (visit.form.get('reason') ?? '').replaceAll(/\s+/g, ' ').trim()
  if (reason.length > MOST_REASON)
    return confirmation(visit, { action, subject, problem: `The reason has more than ${MOST_REASON} characters.` })
  if (reason === '' && needsReason.has(action))
    return confirmation(visit, { action, subject, problem: 'Please give a reason.' })
  const done = await perform(visit, { action, subject, reason })
  if (done.kind === 'impossible') return confirmation(visit, { action, subject, problem: done.reason })
  visit.single.forget()
  visit.ports.log.info(
    { operator: visit.operator.name, action, ...done.counts },
    'an operator acted at the status page',
  )
  return redirect(link(backOf(subject), { ...backQuery(subject), done: action, ...done.counts }))
}

function actionOf(values: URLSearchParams): Action | null {
  return actions.find((one) => one === values.get('action')) ?? null
}

function refused(visit: StatusVisit, text: string): Page {
  return pageOf(visit, { title: 'Not possible', status: 400, body: note('warn', foreign(text)) })
}

function forbidden(visit: StatusVisit): Page {
  return pageOf(visit, {
    title: 'Not permitted',
    status: 403,
    body: note('warn', 'You may look only. The list of operators says who may act.'),
  })
}

interface Confirmed {
  readonly action: Action
  readonly subject: Subject
  readonly problem: string | null
}

async function confirmation(visit: StatusVisit, { action, subject, problem }: Confirmed): Promise<Page> {
  const hidden = Object.entries(subject.fields).map(
    ([name, value]) => html`<input type="hidden" name="${name}" value="${value}">`,
  )
  const isNeeded = needsReason.has(action)
  const time =
    action === 'ban' &&
    html`<div><label for="for">For how long</label><select id="for" name="for"><option value="1h">an hour</option><option value="1d" selected>a day</option><option value="7d">a week</option><option value="30d">30 days</option></select></div>`
  const fields = html`<div class="stack"><input type="hidden" name="action" value="${action}">${hidden}${time}
<div><label for="reason">Reason${isNeeded ? '' : ' (optional)'}</label><input id="reason" name="reason" maxlength="${MOST_REASON}"${isNeeded && html` required`} autocomplete="off" autofocus></div>
<div class="acts"><button>${actionWords[action]}</button><a class="button quiet" href="${link(backOf(subject), backQuery(subject))}">Cancel</a></div></div>`
  const body = html`<div class="narrow">${problem !== null && note('bad', foreign(problem))}${card(
    'What happens',
    html`<dl><dt>About</dt><dd>${foreign(visit.ports.privacy.text(subject.text))}</dd>${await preview(visit, subject)}<dt>In the ledger</dt><dd>by ${visit.operator.name}</dd></dl><p class="small">${explained[action]}</p>`,
  )}<section class="card">${form(visit, '/act', fields)}</section></div>`
  return pageOf(visit, { title: `${actionWords[action]}?`, body, status: problem === null ? 200 : 422 })
}

/** What is in the queue for it now. */
async function preview({ ports }: StatusVisit, { filter }: Subject): Promise<Html | null> {
  if (!filter) return null
  const { messages, next } = await ports.queue.reader.page(filter, { after: null, limit: MOST_COUNTED })
  const recipients = messages.reduce((sum, one) => sum + one.recipients.length, 0)
  const more = next === null ? '' : ' or more'
  return html`<dt>In the queue</dt><dd>${counted(recipients, 'recipient')}${more} of ${counted(messages.length, 'message')}${more}</dd>`
}

function backOf({ fields }: Subject): string {
  if (fields['id'] !== undefined) return '/message'
  return fields['destination'] === undefined ? '/accounts' : '/queue'
}

function backQuery({ fields }: Subject): Readonly<Record<string, string | undefined>> {
  return fields['id'] === undefined ? {} : { id: fields['id'] }
}
