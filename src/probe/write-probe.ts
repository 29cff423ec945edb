// The message of a probe: short, automatic (RFC 3834), and clear for a person who finds it in a mailbox.

import { formatDate } from '../message/date.ts'

export interface ProbeFacts {
  readonly hostname: string
  /** The address at which probes arrive: the author. */
  readonly from: string
  readonly to: string
  readonly target: string
  /** With angle brackets. */
  readonly messageId: string
  /** Unix milliseconds. */
  readonly at: number
}

export function writeProbe({ hostname, from, to, target, messageId, at }: ProbeFacts): {
  readonly header: Buffer
  readonly body: Buffer
} {
  const header = [
    `From: Mail probe <${from}>`,
    `To: <${to}>`,
    `Subject: Mail probe ${target}`,
    `Date: ${formatDate(at)}`,
    `Message-ID: ${messageId}`,
    'Auto-Submitted: auto-generated',
    'X-Auto-Response-Suppress: All',
    'MIME-Version: 1.0',
    'Content-Type: text/plain; charset=us-ascii',
    '',
    '',
  ].join('\r\n')
  const body = [
    `This message measures how long mail takes. ${hostname} sent it by itself.`,
    'Do not answer it. It may be deleted.',
    '',
  ].join('\r\n')
  return { header: Buffer.from(header), body: Buffer.from(body) }
}
