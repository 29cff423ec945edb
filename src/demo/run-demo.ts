// The demonstration: four nodes and a small internet on loopback, seven scenarios, and the trace of each message.

import type { Writable } from 'node:stream'
import { coloursFor } from './colours.ts'
import type { Colours } from './colours.ts'
import { nodeAddresses } from './demo-addresses.ts'
import type { Expectation, Scenario } from './environment.ts'
import { traceLines } from './message-trace.ts'
import { bounceReturns } from './scenarios/bounce-returns.ts'
import { destinationDown } from './scenarios/destination-down.ts'
import { externalToAlias } from './scenarios/external-to-alias.ts'
import { forgedOwnDomain } from './scenarios/forged-own-domain.ts'
import { machineSends } from './scenarios/machine-sends.ts'
import { personSubmits } from './scenarios/person-submits.ts'
import { unknownRecipient } from './scenarios/unknown-recipient.ts'
import { printable } from '../lib/printable.ts'
import { startEnvironment } from './start-environment.ts'
import type { RunningEnvironment } from './start-environment.ts'
import { suggestedCommands } from './suggested-commands.ts'

const scenarios: readonly Scenario[] = [
  externalToAlias,
  bounceReturns,
  personSubmits,
  machineSends,
  forgedOwnDomain,
  unknownRecipient,
  destinationDown,
]

interface ScenarioResult {
  readonly letter: string
  readonly title: string
  readonly expectations: readonly Expectation[]
}

export interface DemoOptions {
  /** Keep the fleet running after the last scenario, until `stopped` resolves. */
  readonly stay: boolean
  /** Resolves when the user ends the demonstration, also in the middle of a scenario. */
  readonly stopped: Promise<void>
}

/** `stopped`: the user ended the demonstration during a scenario. */
export type DemoResult = 'passed' | 'failed' | 'stopped'

/** Runs all scenarios and prints each one as it runs. Always stops all nodes and removes its files. */
export async function runDemo(out: Writable, options: DemoOptions): Promise<DemoResult> {
  const colours = coloursFor(out)
  const print = (text: string) => void out.write(`${text}\n`)
  print(colours.bold('Waypost: four nodes and a small internet on loopback'))
  const running = await startEnvironment((text) => print(colours.dim(text)))
  try {
    print(introduction(running, colours))
    const results: ScenarioResult[] = []
    for (const scenario of scenarios) {
      const result = await Promise.race([runScenario(running, scenario, { print, colours }), options.stopped])
      if (!result) return 'stopped'
      results.push(result)
    }
    const passed = printSummary(results, { print, colours })
    if (options.stay) {
      print(suggestedCommands(running.environment.fleet, running.environment.dns))
      await options.stopped
    }
    return passed ? 'passed' : 'failed'
  } finally {
    await running.close()
  }
}

interface Output {
  readonly print: (text: string) => void
  readonly colours: Colours
}

async function runScenario(
  running: RunningEnvironment,
  scenario: Scenario,
  { print, colours }: Output,
): Promise<ScenarioResult> {
  print(`\n${colours.bold(`(${scenario.letter}) ${scenario.title}`)}\n    ${scenario.about}`)
  const ids = running.startScenario()
  let expectations: readonly Expectation[]
  try {
    expectations = await scenario.run(running.environment)
  } catch (error) {
    expectations = [{ what: 'the scenario runs without an error', ok: false, seen: (error as Error).message }]
  }
  for (const id of ids) {
    const lines = traceLines(await running.settledTrace(id), colours)
    if (lines.length > 0) print([`    ${colours.dim(`trace of ${id}`)}`, ...lines].join('\n'))
  }
  for (const { what, ok, seen } of expectations)
    print(
      `    ${ok ? colours.success('✔') : colours.failure('✘')} ${what}: ${colours.dim(printable(seen.replace(/\s+/g, ' ')))}`,
    )
  return { letter: scenario.letter, title: scenario.title, expectations }
}

function introduction({ environment }: RunningEnvironment, colours: Colours): string {
  const { smtp, submissions, submission } = environment.fleet.ports
  const at = nodeAddresses
  return [
    '',
    '    the internet ──▶ mx ──▶ srs ──▶ the internet        people ──▶ submission ──▶ the internet',
    '                      ▲      (forwards, SRS, DKIM)      machines ──▶ mta ───────▶ the internet',
    '                      └── bounces of forwards',
    '',
    colours.dim(
      `    mx ${at.mx}:${smtp} · srs ${at.srs}:${smtp} · submission ${at.submission}:${submissions} and :${submission} · mta ${at.mta}:${submission}`,
    ),
  ].join('\n')
}

/** Prints one line for each scenario, and each failed expectation. Returns whether all passed. */
function printSummary(results: readonly ScenarioResult[], { print, colours }: Output): boolean {
  print(`\n${colours.bold('Summary')}`)
  for (const { letter, title, expectations } of results) {
    const failed = expectations.filter((one) => !one.ok)
    const mark = failed.length === 0 ? colours.success('✔') : colours.failure('✘')
    const details = failed.map((one) => `\n        ${colours.failure(one.what)}: ${printable(one.seen)}`).join('')
    print(`    ${mark} (${letter}) ${title}${details}`)
  }
  const passed = results.every((one) => one.expectations.length > 0 && one.expectations.every(({ ok }) => ok))
  print(passed ? colours.success('\nAll scenarios passed.') : colours.failure('\nSome scenarios failed.'))
  return passed
}
