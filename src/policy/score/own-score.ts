// The node's own score of a message: a spam scanner that needs no other program. It adds up what the checks noticed before, the client, the
// header section, the names of attachments and links. It has the form of rspamd's result, so that marks, ceilings, ledger and metrics are the same.

import { readFields } from '../../message/header.ts'
import type { SpamAction, SpamFinding, SpamRequest, SpamScanner } from '../../filter/spam-scan.ts'
import type { Evidence } from '../evidence.ts'
import { attachmentNames, isDangerousName } from './attachment-names.ts'
import { linkedAddress } from './bare-links.ts'
import { clientEvidence, type OwnHost } from './client-evidence.ts'
import { headerEvidence } from './header-evidence.ts'
import { observed } from './observe.ts'

export interface OwnScoreSettings {
  /** From this score on a message is marked. */
  readonly mark: number
  /** From this score on it is held for a decision; null: never. */
  readonly quarantine: number | null
  /** From this score on it is refused; null: never. */
  readonly refuse: number | null
  /** Points in place of those of the table, by name; 0 switches an observation off. */
  readonly points: Readonly<Partial<Record<string, number>>>
}

const HUNDREDTHS = 100

export function createOwnScore(settings: OwnScoreSettings, own: OwnHost): SpamScanner {
  return { scan: async (request) => judge(settings, await evidenceOf(request, own)) }
}

async function evidenceOf(request: SpamRequest, own: OwnHost): Promise<readonly Evidence[]> {
  const { content, evidence, at } = request
  const fields = readFields(content.header)
  let linked: string | null = null
  const names = await attachmentNames(content.header.toString('latin1'), content.openBody(), (line) => {
    linked ??= linkedAddress(line)
  })
  const dangerous = names.find(isDangerousName)
  return [
    ...evidence,
    ...clientEvidence(request, own),
    ...headerEvidence(content.header, fields, at),
    ...(dangerous === undefined ? [] : [observed('DANGEROUS_FILE', dangerous)]),
    ...(linked === null ? [] : [observed('ADDRESS_LINK', linked)]),
  ]
}

function judge(settings: OwnScoreSettings, evidence: readonly Evidence[]): SpamFinding {
  const { points, refuse } = settings
  const symbols = evidence
    .map(({ name, points: usual, detail }) => ({ name, score: points[name] ?? usual, detail }))
    .filter(({ score }) => score !== 0)
    .toSorted((a, b) => b.score - a.score)
  const sum = symbols.reduce((total, one) => total + one.score, 0)
  const score = Math.round(sum * HUNDREDTHS) / HUNDREDTHS
  const action = actionOf(score, settings)
  return { kind: 'scanned', action, named: action, score, required: refuse, symbols, message: null }
}

function actionOf(score: number, { mark, quarantine, refuse }: OwnScoreSettings): SpamAction {
  if (refuse !== null && score >= refuse) return 'reject'
  if (quarantine !== null && score >= quarantine) return 'quarantine'
  return score >= mark ? 'add header' : 'no action'
}
