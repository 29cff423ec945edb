// Writes the section of docs/benchmarks.md about mail of users who log in.

import type { Machine } from '../machine.ts'
import { medianOf } from '../median.ts'
import { AIM, compare, isMet, medianDelay, type SubmissionResults, type SubmissionRow } from './submission-results.ts'

export interface SubmissionPage {
  readonly machine: Machine
  readonly command: string
  readonly date: string
}

export const SUBMISSION_HEADING = '## Mail of users who log in'

export function formatSubmission({ machine, command, date }: SubmissionPage, results: SubmissionResults): string {
  const { rows, messages, sessions, postfixVersion } = results
  return `${SUBMISSION_HEADING}

Written by \`${command}\` on ${date}. Load average before the run: ${machine.load.toFixed(1)}.

Twenty-five users send mail of 4 KiB. Their clients connect with TLS from the first octet (port 465)
and a full handshake (X25519, a certificate with P-256), log in with AUTH PLAIN, and name their own
address. Passwords are stored as SHA512-CRYPT. Every mail server checks password and sender, signs with DKIM, and sends to smtp-sink
without TLS. ${sessions} connections are open at a time. The loader uses the same processors. Before the
measurement, each mail server must refuse a wrong password, mail without a login and the address of
another user, and the signatures of delivered mail must verify.

${postfixVersion === '' ? 'Postfix' : postfixVersion} has its default settings and does not log. Dovecot has its default settings too, so it has
no cache of passwords. OpenDKIM and rspamd sign as milters; rspamd has no other module. Waypost has
the shipped role submission. Signatures are RSA with 2048 bits, and with two keys Ed25519 too;
OpenDKIM signs with one algorithm. Waypost remembers for five minutes which passwords were right,
except where the name says that nothing is remembered. The mail servers run in turns,
${turnsText(rows)} of ${messages} messages; figures are medians.

- **delivered**: messages per second until the next hop has the last one.
- **CPU**: user and system milliseconds of the mail server and its helpers for one message.
- **p50**, **p99**: milliseconds from the final dot to its 250; **AUTH**: from AUTH to its 235.

${rowTable(rows)}
Ratios of the delivered messages per second, medians of the ratios in each turn, and the p99 of the
reply:

${ratioTable(rows)}${ceilingText(results)}${profileText(results)}`
}

function turnsText(rows: readonly SubmissionRow[]): string {
  const count = rows[0]?.turns.length ?? 0
  return count === 1 ? 'one turn' : `${count} turns`
}

function rowTable(rows: readonly SubmissionRow[]): string {
  const lines = rows.map(({ load, name, turns }) => {
    const cells = [
      medianOf(turns.map(({ rate }) => rate)).toFixed(0),
      medianOf(turns.map(({ cpu }) => cpu)).toFixed(2),
      medianDelay(turns, 'reply', 'p50').toFixed(1),
      medianDelay(turns, 'reply', 'p99').toFixed(1),
      medianDelay(turns, 'login', 'p50').toFixed(1),
      medianDelay(turns, 'login', 'p99').toFixed(1),
    ]
    return `| ${load} | ${name} | ${cells.join(' | ')} |\n`
  })
  const head = '| load | mail server | delivered | CPU | p50 | p99 | AUTH p50 | AUTH p99 |\n'
  return `${head}|---|---|---:|---:|---:|---:|---:|---:|\n${lines.join('')}`
}

function ratioTable(rows: readonly SubmissionRow[]): string {
  const verdict = (met: boolean): string => (met ? 'met' : '**missed**')
  const lines = compare(rows).map((one) => {
    const met = isMet(one)
    const [ours, theirs] = one.waits.map((wait) => wait.toFixed(1))
    const rate = `${one.ratio.toFixed(2)} × | ≥ ${AIM} × | ${verdict(met.rate)}`
    return `| ${one.load} | ${one.ours} ÷ ${one.theirs} | ${rate} | ${ours} : ${theirs} | ${verdict(met.wait)} |\n`
  })
  const head = '| load | comparison | ratio | aim |  | p99 | not above |\n'
  return `${head}|---|---|---:|---:|---:|---:|---:|\n${lines.join('')}`
}

function ceilingText({ ceilings }: SubmissionResults): string {
  if (ceilings.size === 0) return ''
  const found = [...ceilings].map(([load, rate]) => `${load} ${rate.toFixed(0)}`).join(', ')
  return `\nThe loader with a server that has TLS and only replies reaches, in messages per second: ${found}.\nNo mail server can reach more with this loader on this machine.\n`
}

function profileText({ profiles }: SubmissionResults): string {
  if (profiles.size === 0) return ''
  const lines = [...profiles].map(([load, text]) => `- ${load}: ${text}.\n`)
  return `\nProcessor time of Waypost alone in the loads that miss an aim (samples of \`--cpu-prof\`, under that load):\n\n${lines.join('')}`
}
