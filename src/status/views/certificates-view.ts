// Certificates and DNS: what the certificates of the node are for and when they end, and what the DNS of the fleet lacks.

import { type Html, html } from '../../lib/html.ts'
import type { Page } from '../../lib/http-page.ts'
import { foreign } from '../foreign-text.ts'
import { badge, card, note, pageOf, table, type Tone } from '../frame.ts'
import type { CertificateFacts, DnsFindingFacts, StatusVisit } from '../status-ports.ts'
import { relative } from '../words.ts'

const DAY_MS = 86_400_000
/** As the health: public authorities expect a renewal a month before the end. */
const SOON_MS = 14 * DAY_MS
/** Findings of a page. */
const MOST_FINDINGS = 200

export async function certificatesView(visit: StatusVisit): Promise<Page> {
  const { certificates } = visit.ports
  const list = certificates.certificates()
  const renewal = await certificates.renewal()
  const body = html`${renewal !== null && note('plain', foreign(renewal))}
${list.length === 0 ? card('Certificates', html`<p class="soft">The node has no certificate.</p>`) : list.map((one) => certificateCard(one, visit.now))}
${dnsCard(visit)}`
  return pageOf(visit, { title: 'Certificates and DNS', body })
}

function certificateCard({ key, names, issuer, expiresAt, keyFingerprint, tlsa }: CertificateFacts, now: number): Html {
  const left = expiresAt - now
  const tone: Tone = left <= 0 ? 'bad' : left < SOON_MS ? 'warn' : 'good'
  return card(
    names.join(', ') || 'A certificate without a name',
    html`<dl><dt>Ends</dt><dd>${badge(tone, left <= 0 ? 'has expired' : relative(expiresAt, now))} <time datetime="${new Date(expiresAt).toISOString()}">${new Date(expiresAt).toISOString().slice(0, 10)}</time></dd>
<dt>Issued by</dt><dd>${foreign(issuer)}</dd><dt>Key (SHA-256)</dt><dd class="mono">${keyFingerprint}</dd></dl>
<h3>TLSA records of its key</h3><pre tabindex="0" aria-label="TLSA records">${tlsa.join('\n')}</pre>`,
    html`<span class="soft small">${key}</span>`,
  )
}

function dnsCard({ ports, now }: StatusVisit): Html {
  const state = ports.certificates.dns()
  if (state === null)
    return card(
      'DNS of the fleet',
      html`<p class="soft">This node does not compare the DNS with the fleet file (<code>dns_check</code>).</p>`,
    )
  const tones = { error: 'bad', warning: 'warn', note: 'plain' } as const satisfies Record<
    DnsFindingFacts['severity'],
    Tone
  >
  const rows = state.findings
    .slice(0, MOST_FINDINGS)
    .map(({ severity, subject, problem, breaks, advice, since }) => [
      badge(tones[severity], severity),
      html`<span class="mono">${foreign(subject)}</span>`,
      html`${foreign(problem, 600)}${breaks !== null && html`<br><span class="small">Breaks: ${foreign(breaks)}</span>`}${advice !== null && html`<br><span class="soft small">${foreign(advice, 600)}</span>`}`,
      relative(since, now),
    ])
  const columns = [{ name: 'Severity' }, { name: 'Record' }, { name: 'What is wrong' }, { name: 'Since' }]
  return card(
    'DNS of the fleet',
    html`${state.problem !== null && note('warn', foreign(state.problem))}${table('Findings about the DNS', columns, rows, state.checkedAt === null ? 'Not checked yet.' : 'The DNS agrees with the fleet file.')}`,
    state.checkedAt !== null && html`<p class="soft small">checked ${relative(state.checkedAt, now)}</p>`,
  )
}
