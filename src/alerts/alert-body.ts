// What a target of alerts gets: a sentence with the first step, and the same as fields.

import { createHash } from 'node:crypto'
import { type FirstStep, firstSteps, howToOf } from '../observe/first-steps.ts'
import type { Alert } from './alert-states.ts'

const blocked: FirstStep = {
  step: 'run waypost report blocked, then follow the page',
  section: 'blocked',
  page: 'deal-with-a-blocked-address.md',
}
const ID_DIGITS = 32

/** JSON. `node` is the name of this node, `at` unix milliseconds. */
export function alertBody(alert: Alert, { node, at }: { readonly node: string; readonly at: number }): string {
  const first = alert.name.startsWith('blocked ') ? blocked : firstSteps[alert.name]
  const howTo = first && howToOf(first)
  const since = new Date(alert.since).toISOString()
  const text =
    alert.state === 'raised'
      ? `${node}: ${alert.name} is ${alert.level} since ${since}: ${alert.reason}${first ? `. First step: ${first.step} (${howTo})` : ''}`
      : `${node}: ${alert.name} is ok again; it was wrong since ${since}: ${alert.reason}`
  const fields = { ...alert, at, first_step: first?.step ?? null, how_to: howTo ?? null }
  const id = createHash('sha256')
    .update(JSON.stringify([node, fields]))
    .digest('hex')
    .slice(0, ID_DIGITS)
  return JSON.stringify({ id, node, text, alert: fields })
}
