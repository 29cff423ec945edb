// A digest as text for people, for a terminal and for mail: ASCII, at most 78 columns (RFC 5322 2.1.1). Replies of strangers are escaped.

import { counted } from '../lib/counted.ts'
import { hangingLines } from '../lib/hanging-lines.ts'
import { printable } from '../lib/printable.ts'
import { firstSteps, howToOf } from '../observe/first-steps.ts'
import type { Digest } from './gather-digest.ts'

const WIDTH = 78
const DAY_MS = 86_400_000
/** Certificates that end sooner are named. */
const SOON_MS = 30 * DAY_MS

export function digestLines(digest: Digest): string[] {
  const { node, from, to, cutAt, status } = digest
  return [
    `${node}: ${minute(from)} to ${minute(to)}`,
    ...(cutAt === null ? [] : [`The ledger has more than a digest reads: the counts end at ${minute(cutAt)}.`]),
    '',
    ...volumeLines(digest),
    ...section('Failures by provider', providerLines(digest)),
    ...section('Refused', refusalLines(digest)),
    ...section('Accounts', accountLines(digest)),
    ...section('Needs attention now', attentionLines(digest)),
    ...section('Certificates', certificateLines(digest)),
    ...section('Versions', [
      ...(status ? [`${status.node}: ${status.release}`] : []),
      ...digest.fleet.map(
        ({ name, release, problem }) => `${name}: ${[release, problem].filter((one) => one !== null).join(', ')}`,
      ),
    ]),
  ].flatMap(wrapped)
}

/** The first line of the text without its time, for a subject or a chat. */
export function digestSummary({ node, counts }: Digest): string {
  const received = Object.values(counts.received).reduce((sum, one) => sum + one, 0)
  return `${node}: ${received} received, ${counts.delivered} delivered, ${counts.failed + counts.expired} failed, ${counts.rejected} refused`
}

function volumeLines({ counts }: Digest): string[] {
  const origins = Object.entries(counts.received).map(([origin, count]) => `${count} ${origin}`)
  return [
    `received   ${origins.join(', ') || 'nothing'}`,
    `delivered  ${counts.delivered}`,
    `deferred   ${counted(counts.deferred, 'attempt')}`,
    `failed     ${counts.failed}, expired ${counts.expired}`,
    `refused    ${counts.rejected}`,
  ]
}

function providerLines({ counts }: Digest): string[] {
  return counts.providers.flatMap(({ provider, failed, deferred, reply }) => [
    `${provider}: ${failed} failed, ${deferred} deferred`,
    `  ${reply}`,
  ])
}

function refusalLines({ counts }: Digest): string[] {
  return counts.refusals.flatMap(({ what, count, example }) => [`${count} ${what}`, `  ${example}`])
}

function accountLines({ counts: { near, held, bans, complaints } }: Digest): string[] {
  return [
    ...held.map(({ account, reason }) => `${account} was put on hold ${reason}`),
    ...near.map(({ account, count }) => `${account} was near a limit, ${counted(count, 'warning')}`),
    ...(bans > 0 ? [counted(bans, 'ban')] : []),
    ...(complaints > 0 ? [counted(complaints, 'complaint')] : []),
  ]
}

function attentionLines({ status }: Digest): string[] {
  if (status === null) return ['the node does not run']
  return Object.entries(status.health.checks).flatMap(([name, health]) => {
    if (!('reason' in health)) return []
    const first = firstSteps[name]
    return [
      `${name} ${health.kind}: ${health.reason}`,
      ...(first ? [`  - ${first.step}`, `  - ${howToOf(first)}`] : []),
    ]
  })
}

function certificateLines({ status }: Digest): string[] {
  return (status?.certificates ?? [])
    .filter(({ expiresAt }) => status !== null && expiresAt - status.at < SOON_MS)
    .map(({ key, expiresAt }) => `${key} ends ${minute(expiresAt)}`)
}

function section(title: string, lines: readonly string[]): string[] {
  return lines.length === 0 ? [] : ['', title, ...lines.map((line) => `  ${line}`)]
}

function minute(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 16).replace('T', ' ')}Z`
}

function ascii(text: string): string {
  return printable(text).replaceAll(/[^ -~]/g, '?')
}

/** What does not fit continues below, two columns further in. */
function wrapped(line: string): string[] {
  const text = ascii(line)
  if (text.length <= WIDTH) return [text]
  const indent = /^ */.exec(text)?.[0].length ?? 0
  const [first = '', ...rest] = hangingLines('', text.trimStart(), { width: WIDTH, indent: indent + 2 })
  return [first.slice(2), ...rest]
}
