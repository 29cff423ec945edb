// The part of docs/soak.md that `npm run soak -- --write` writes.

import type { Machine } from '../bench/machine.ts'
import { curve } from './curve.ts'
import type { Growth } from './flatness.ts'
import type { Sample } from './samples.ts'
import type { SoakResult } from './soak.ts'
import { wrap } from '../lib/wrap.ts'

export interface SavedSoak {
  readonly machine: Machine
  /** The command line and the date. */
  readonly command: string
  readonly date: string
  readonly revision: string
  readonly result: SoakResult
}

const WIDTH = 60
const MIB = 2 ** 20
/** Broken promises that the page lists. */
const SHOWN = 20
const UNITS = {
  rssMiB: 'RSS, MiB',
  pssMiB: 'PSS, MiB',
  heapMiB: 'JavaScript heap, MiB',
  files: 'file descriptors',
  lagMs: 'delay of the event loop, median, ms',
}

export function formatSoak(saved: SavedSoak): string {
  const { machine, command, date, revision, result } = saved
  const head = `\`${command}\` on ${date}, revision ${revision}: ${machine.processor}, ${machine.cores} cores, ${machine.memory}, ${machine.system}, Node.js ${machine.node}. An fdatasync of 4 KiB takes ${machine.syncMs.toFixed(2)} ms. The load average before the run was ${machine.load.toFixed(1)}.`
  return [
    wrap(head),
    '',
    ...verdictLines(result),
    '',
    ...table(['what', 'number'], rowsOf(result)),
    '',
    '### Faults',
    '',
    ...table(
      ['fault', 'times'],
      Object.entries(result.faults).map(([name, count]) => [`\`${name}\``, String(count)]),
    ),
    '',
    '### Memory',
    '',
    ...growthLines(result.growth),
    '',
    ...curveLines(result.samples),
    '',
  ].join('\n')
}

/** The page with this part between its marks. */
export function withResult(page: string, text: string): string {
  const part = /(<!-- result -->\n)[^]*?(<!-- end -->)/
  if (!part.test(page)) throw new Error('the page has no part <!-- result -->')
  return page.replace(part, (_, start: string, end: string) => `${start}\n${text}\n${end}`)
}

function verdictLines({ broken }: SoakResult): string[] {
  if (broken.length === 0) return ['**Every promise was kept.**']
  const shown = broken.slice(0, SHOWN).map((line) => `- ${line}`)
  return [`**${broken.length} promises were broken:**`, '', ...shown]
}

function rowsOf(result: SoakResult): string[][] {
  const { clients, verdict, mx, srs, cpu } = result
  const each = (node: 'mx' | 'srs') => cpuOfMessage(result.samples, node).toFixed(2)
  const size = (octets: number) => `${(octets / MIB).toFixed(0)} MiB`
  return [
    ['messages that clients began', count(result.messages)],
    ['accepted with 250', count(clients.accepted)],
    ['refused, unknown recipient', count(clients.refused)],
    ['abandoned in the middle of the data', count(clients.abandoned)],
    ['final dots without a reply', count(clients.doubted)],
    ['temporary refusals that clients got', count(result.deferrals)],
    ['copies at the mail hosts, reports included', count(result.copies)],
    ['accepted and not arrived', count(result.broken.filter((line) => line.includes('is lost')).length)],
    ['first copies that arrived', count(verdict.arrived)],
    ['more copies: the client sent again', count(verdict.causes.resent)],
    ['more copies: a node was killed', count(verdict.causes.killed)],
    ['more copies: the host cut its reply', count(verdict.causes.unanswered)],
    ['more copies without a cause', count(verdict.unexplained)],
    ['bounces of far hosts through SRS addresses', count(result.returns)],
    [
      'DMARC in delivered copies',
      Object.entries(result.dmarc)
        .map(([name, of]) => `${name} ${count(of)}`)
        .join(', '),
    ],
    ['processes of the mx and of the srs', `${result.lives.mx} and ${result.lives.srs}`],
    ['recipients in the ledgers, one end each', `mx ${count(mx.recipients)}, srs ${count(srs.recipients)}`],
    ['events in the ledgers', `mx ${count(mx.events)}, srs ${count(srs.events)}`],
    ['ledger on disk', `mx ${size(mx.ledgerOctets)}, srs ${size(srs.ledgerOctets)}`],
    ['database beside the ledger', `mx ${size(mx.queueOctets)}, srs ${size(srs.queueOctets)}`],
    ['load, and until both queues were empty', `${result.seconds.toFixed(0)} s, ${result.drained.toFixed(0)} s`],
    ['messages a second, faults included', (result.messages / result.seconds).toFixed(0)],
    [
      'processor time of a message',
      `mx ${each('mx')} ms, srs ${each('srs')} ms, load and hosts ${((cpu.load * 1000) / result.messages).toFixed(2)} ms`,
    ],
  ]
}

/** Of the last process of a node, ms: from its first sample to the last one. */
function cpuOfMessage(samples: readonly Sample[], node: 'mx' | 'srs'): number {
  const own = samples.filter((sample) => sample.node === node)
  const life = own.filter(({ pid }) => pid === own.at(-1)?.pid)
  const [first, last] = [life[0], life.at(-1)]
  return first && last ? ((last.cpu - first.cpu) * 1000) / (last.ended - first.ended) : Number.NaN
}

function growthLines(growth: readonly Growth[]): string[] {
  if (growth.length === 0) return ['The processes were too young to judge.']
  const rows = growth.map(({ node, what, early, late, most }) => [
    node,
    UNITS[what],
    early.toFixed(1),
    late.toFixed(1),
    most.toFixed(1),
  ])
  return table(['node', 'median of a window', 'early', 'late', 'limit'], rows)
}

function curveLines(samples: readonly Sample[]): string[] {
  const minutes = ((samples.at(-1)?.at ?? 0) / 60).toFixed(0)
  const line = (node: 'mx' | 'srs', what: 'rssMiB' | 'heapMiB' | 'queueMiB' | 'files') => {
    const points = samples
      .filter((sample) => sample.node === node)
      .map((sample) => ({ at: sample.at, value: sample[what] }))
    const top = Math.max(...points.map(({ value }) => value).filter((value) => !Number.isNaN(value)))
    return `${node.padEnd(4)}${what.padEnd(9)}${curve(points, WIDTH)} ${top.toFixed(0)}`
  }
  const kinds = ['rssMiB', 'heapMiB', 'files', 'queueMiB'] as const
  const lines = kinds.flatMap((what) => [line('mx', what), line('srs', what)])
  return [
    `Each line is ${minutes} minutes from 0 to its maximum, the number at its end:`,
    '',
    '```text',
    ...lines,
    '```',
  ]
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`
  return [line(head), `|${head.map((_, place) => (place === 0 ? '---|' : '---:|')).join('')}`, ...rows.map(line)]
}

/** Thousands with a space. */
function count(number: number): string {
  return String(number).replaceAll(/\B(?=(\d{3})+$)/g, ' ')
}
