// Directory: the sources of routing data, how old they are, and what changed between their versions.

import { type Html, html } from '../../lib/html.ts'
import type { Page } from '../../lib/http-page.ts'
import { foreign } from '../foreign-text.ts'
import { badge, card, link, note, pageOf, table, type Tone } from '../frame.ts'
import type { DirectoryChange, DirectorySourceFacts, StatusVisit } from '../status-ports.ts'
import { counted, number, relative } from '../words.ts'

const KEEP_MS = 5_000
const DIFF_KEEP_MS = 30_000

export async function directoryView(visit: StatusVisit): Promise<Page> {
  const { ports, single, query } = visit
  const sources = await single.run('directory', KEEP_MS, () => ports.directory.sources())
  const chosen = sources.find(({ key }) => key === query.get('diff'))
  const body = html`${sources.map((one) => sourceCard(visit, one))}${chosen ? await diffCard(visit, chosen) : null}`
  return pageOf(visit, { title: 'Directory', body })
}

function sourceCard(visit: StatusVisit, source: DirectorySourceFacts): Html {
  const { key, name, version, pinned, confirmedAt, failures, incomplete, counts, versions } = source
  const state: readonly [Tone, string] = incomplete !== null ? ['warn', 'may be incomplete'] : ['good', 'complete']
  const rows = versions.map((one, index) => [
    html`version ${one}${one === version && html` ${badge('good', 'in use')}`}${one === pinned && html` ${badge('warn', 'pinned')}`}`,
    index === versions.length - 1
      ? ''
      : html`<a href="${link('/directory', { diff: key, from: versions[index + 1], to: one })}">Changes<span class="unseen"> of version ${one} of ${key}</span></a>`,
  ])
  const entries =
    counts &&
    Object.entries(counts)
      .map(([kind, count]) => `${number(count)} ${kind}`)
      .join(', ')
  return card(
    name,
    html`<dl><dt>State</dt><dd>${badge(...state)}${incomplete !== null && html` ${foreign(visit.ports.privacy.text(incomplete), 400)}`}</dd>
<dt>Version</dt><dd>${version ?? 'none'}</dd><dt>Confirmed</dt><dd>${confirmedAt === null ? 'never' : relative(confirmedAt, visit.now)}</dd>
${failures > 0 && html`<dt>Failed reads</dt><dd>${number(failures)} in a row</dd>`}${entries && html`<dt>Entries</dt><dd>${entries}</dd>`}</dl>
<h3>Stored versions</h3>${table(`Versions of ${name}`, [{ name: 'Version' }, { name: 'Changes', isUnseen: true }], rows, 'None.')}`,
    html`<p><a href="${link('/directory', { diff: key })}">What changed last<span class="unseen"> in ${key}</span></a></p>`,
  )
}

async function diffCard({ ports, single, query }: StatusVisit, { key, name }: DirectorySourceFacts): Promise<Html> {
  const version = (field: string) => {
    const value = Number(query.get(field) ?? '')
    return query.has(field) && Number.isSafeInteger(value) && value >= 0 ? { [field]: value } : {}
  }
  const wanted = { ...version('from'), ...version('to') }
  const diff = await single.run(`diff ${key} ${JSON.stringify(wanted)}`, DIFF_KEEP_MS, () =>
    ports.directory.diff(key, wanted),
  )
  if (diff.kind === 'impossible') return card(`Changes of ${name}`, note('plain', foreign(diff.reason)))
  const { from, to, changes, total } = diff
  const rows = changes.map((one) => [
    mark(one),
    one.what,
    foreign(ports.privacy.text(one.name)),
    html`<span class="small">${values(one, (value) => ports.privacy.text(value))}</span>`,
    html`<span class="soft small">${foreign(one.source)}</span>`,
  ])
  const more = total - changes.length
  return card(
    `Changes of ${name}: ${from} → ${to}`,
    html`<p>${counted(total, 'change')}.</p>${more > 0 && note('plain', `The first ${number(changes.length)} are shown; waypost directory diff prints all.`)}
${table('Changes', [{ name: 'Change' }, { name: 'What' }, { name: 'Name' }, { name: 'Values' }, { name: 'Source' }], rows, 'Nothing differs.')}`,
  )
}

function mark({ change }: DirectoryChange): Html {
  return badge(({ added: 'good', removed: 'bad', changed: 'plain' } as const)[change], change)
}

function values({ before, after }: DirectoryChange, text: (value: string) => string): Html {
  if (before !== null && after !== null) return html`${foreign(text(before))} → ${foreign(text(after))}`
  return foreign(text(before ?? after ?? ''))
}
