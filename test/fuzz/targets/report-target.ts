// Messages with reports, and their files: XML, JSON, gzip, zip, complaints.

import { gzipSync } from 'node:zlib'
import { BEGIN } from '../../lib/report-samples.ts'
import { zipOf } from '../../lib/zip.ts'
import { readReport } from '../../../src/reports/reading/read-report.ts'
import { MOST_TEXT } from '../../../src/reports/reading/reading-limits.ts'
import { Unreadable } from '../../../src/reports/reading/unreadable.ts'
import { unpack } from '../../../src/reports/reading/unpack.ts'
import { summaryOf } from '../../../src/reports/thread/report-summary.ts'
import { type FuzzTarget, same } from '../fuzz-target.ts'
import type { FuzzRandom } from '../fuzz-random.ts'

const NOW = BEGIN + 86_400_000

export const reportTarget: FuzzTarget = {
  name: 'reports',
  holds:
    'A report is read or refused with a reason, never with another error; stored texts are bounded and have no control characters; what is packed unpacks to the same octets.',
  most: 65_536,
  words: [
    'Content-Type: multipart/mixed; boundary=b\r\n\r\n',
    '--b\r\n',
    '--b--',
    'Content-Type: message/feedback-report\r\n\r\nFeedback-Type: abuse\r\n',
    'Content-Type: message/rfc822\r\n\r\n',
    'Content-Transfer-Encoding: base64\r\n',
    '<feedback>',
    '</feedback>',
    '<record>',
    '</record>',
    '<row><source_ip>192.0.2.1</source_ip><count>1</count></row>',
    '<identifiers><header_from>example.org</header_from></identifiers>',
    '<policy_published><domain>example.org</domain></policy_published>',
    '<report_metadata><org_name>a</org_name><report_id>b</report_id>',
    '<date_range><begin>1795824000</begin><end>1795910399</end></date_range></report_metadata>',
    '<!DOCTYPE a [<!ENTITY b "c">]>',
    '&b;',
    '&#0;',
    '<![CDATA[',
    ']]>',
    '<?xml version="1.0" encoding="utf-16"?>',
    '{"policies":[{"policy":{"policy-type":"sts","policy-domain":"a"}',
    '[[[[',
    '\u202e',
    'PK\x03\x04',
    '\x1f\x8b\x08',
  ],
  open: () => ({ run }),
}

async function run(input: Buffer, random: FuzzRandom): Promise<string> {
  if (random.below(4) === 0) {
    for (const packed of [gzipSync(input), zipOf('a.xml', Buffer.concat([Buffer.from('<'), input]))])
      await unpack(packed).then(
        (found) => same('length of what was packed', found.length - input.length <= 1, true),
        refused,
      )
  }
  await unpack(input).catch(refused)
  return await readReport(input, NOW).then((report) => {
    const summary = summaryOf(report)
    checkTexts(report)
    return `${summary.kind} ${Math.min(summary.rows, 4)}`
  }, refused)
}

/** The kind of the refusal, without the parts that the input chose. */
function refused(error: unknown): string {
  if (!(error instanceof Unreadable)) throw error
  return error.message.replace(/[\d"'(].*/s, '').slice(0, 60)
}

function checkTexts(value: unknown): void {
  if (typeof value === 'string' && (value.length > MOST_TEXT || /[\p{Cc}\p{Zl}\p{Zp}]/u.test(value)))
    throw new Error(`a text of a report is not clean: ${JSON.stringify(value.slice(0, 300))}`)
  if (value !== null && typeof value === 'object') for (const one of Object.values(value)) checkTexts(one)
}
