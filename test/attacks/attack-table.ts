// The table of `npm run attack`.

import type { Attack, AttackResult } from './attack.ts'

export interface AttackRow {
  readonly attack: Attack
  /** An error if the attack could not be measured, for example because the good mail did not arrive. */
  readonly result: AttackResult | Error
}

/** A Markdown table, one row for each attack, without a final newline. */
export function attackTable(rows: readonly AttackRow[]): string {
  return [
    '| attack | good mail accepted / refused / delivered | reply p50, p99, worst (ms) | peak RSS (MiB) | node |',
    '|---|---|---|---|---|',
    ...rows.map(({ attack, result }) => `| ${attack.name} | ${cells(result).join(' | ')} |`),
  ].join('\n')
}

function cells(result: AttackResult | Error): string[] {
  if (result instanceof Error) return [result.message.split('\n')[0] as string, '', '', 'not measured']
  const { second, arrived, peakMiB, alive } = result
  const mail = [second.accepted, second.refused, arrived].join(' / ')
  const delays = [second.p50, second.p99, second.worst].join(', ')
  return [mail, delays, alive ? String(peakMiB) : '', alive ? 'runs' : 'ended']
}
