// Accounts and bans: which accounts are on hold, which clients and accounts are banned, with the evidence.

import { html } from '../../lib/html.ts'
import type { Page } from '../../lib/http-page.ts'
import { actionLink } from '../action-link.ts'
import { foreign } from '../foreign-text.ts'
import { badge, card, note, pageOf, table } from '../frame.ts'
import type { StatusVisit } from '../status-ports.ts'
import { relative } from '../words.ts'

/** Rows of each table; `waypost ban list` has all. */
const MOST = 200
const KEEP_MS = 3_000

export async function accountsView(visit: StatusVisit): Promise<Page> {
  const { ports, single, now } = visit
  const { accounts, bans, privacy } = ports
  const { holds, standing } = await single.run('accounts', KEEP_MS, async () => ({
    holds: await accounts.holds(),
    standing: await bans.standing(MOST + 1),
  }))
  const text = (value: string) => foreign(privacy.text(value), 400)
  const holdRows = (holds ?? [])
    .slice(0, MOST)
    .map(({ account, at, by, reason, evidence }) => [
      html`<strong>${text(account)}</strong>`,
      relative(at, now),
      foreign(by),
      html`${text(reason)}${evidence !== '' && html`<br><span class="soft small">${text(evidence)}</span>`}`,
      html`<div class="acts">${actionLink(visit, 'account-release', { account })}</div>`,
    ])
  const banRows = standing
    .slice(0, MOST)
    .map(({ kind, value, at, until, by, reason, evidence, times }) => [
      html`${badge('plain', kind)} <strong>${text(value)}</strong>`,
      relative(at, now),
      relative(until, now),
      html`${foreign(by)}${times > 1 && html`<br><span class="soft small">ban ${times} in turn</span>`}`,
      html`${text(reason)}${evidence !== '' && html`<br><span class="soft small">${text(evidence)}</span>`}`,
      html`<div class="acts">${actionLink(visit, 'unban', { kind, value })}</div>`,
    ])
  const problem = bans.problem()
  const holdColumns = [
    { name: 'Account' },
    { name: 'Since' },
    { name: 'By' },
    { name: 'Why' },
    { name: 'Actions', isUnseen: true },
  ]
  const banColumns = [
    { name: 'Banned' },
    { name: 'Since' },
    { name: 'Ends' },
    { name: 'By' },
    { name: 'Why' },
    { name: 'Actions', isUnseen: true },
  ]
  const hold =
    visit.operator.right === 'act' &&
    html`<form class="fields" method="get" action="/act"><input type="hidden" name="action" value="account-hold"><div><label for="hold-account">Account</label><input id="hold-account" name="account" placeholder="user:kim" maxlength="320" required></div><button class="quiet">Put on hold…</button></form>`
  const ban =
    visit.operator.right === 'act' &&
    html`<form class="fields" method="get" action="/act"><input type="hidden" name="action" value="ban"><div><label for="ban-kind">What</label><select id="ban-kind" name="kind"><option>address</option><option>network</option><option>account</option></select></div><div><label for="ban-value">Address, network or user name</label><input id="ban-value" name="value" placeholder="192.0.2.7" maxlength="320" required></div><button class="quiet">Ban…</button></form>`
  const body = html`${holds === null && note('bad', 'The holds of accounts are not known now.')}
${problem !== null && note('bad', foreign(problem))}
${card('Accounts on hold', html`${table('Accounts on hold', holdColumns, holdRows, 'No account is on hold.')}${hold}`)}
${card('Bans', html`${table('Bans that stand', banColumns, banRows, 'No ban stands.')}${standing.length > MOST && note('plain', 'There are more; waypost ban list has all.')}${ban}`)}`
  return pageOf(visit, { title: 'Accounts and bans', body, refresh: 30 })
}
