// waypost demo --break: the fleet of the demonstration with one thing broken, until the operator has repaired it. Several kinds follow each
// other on one fleet.

import { cpSync, existsSync, mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Writable } from 'node:stream'
import { commandClock } from '../lib/clock.ts'
import { printable } from '../lib/printable.ts'
import { programFolder } from '../lib/program-files.ts'
import type { Break, Broken, Stage } from './breaks/break.ts'
import { createPost } from './breaks/post.ts'
import { type Colours, coloursFor } from './colours.ts'
import { type NodeName, nodeAddresses } from './demo-addresses.ts'
import { ARRIVAL_TIMEOUT_MS } from './environment.ts'
import type { Fleet } from './fleet.ts'
import { type InternetHost, startInternetHost } from './internet-host.ts'
import { type Preparation, type RunningEnvironment, startEnvironment } from './start-environment.ts'
import { until } from './until.ts'

/** Time between two looks at what is still broken, ms. */
const LOOK_MS = 250

export interface BreakOptions {
  /** Resolves when the user ends the demonstration. */
  readonly stopped: Promise<void>
}

export type BreakResult = 'repaired' | 'broken'

/** Breaks each of `kinds`, one after the other, and waits for the repair. Always stops all nodes and removes its files. */
export async function runBreaks(
  out: Writable,
  kinds: readonly Break[],
  { stopped }: BreakOptions,
): Promise<BreakResult> {
  const colours = coloursFor(out)
  const print = (text: string) => void out.write(`${text}\n`)
  print(colours.bold('Waypost: four nodes and a small internet on loopback, with a fault'))
  const running = await startEnvironment(() => undefined, preparations(kinds))
  const hosts = new Map<string, InternetHost>()
  const stage = createStage(running, hosts, print)
  try {
    if ((await Promise.race([bringHealthyMail(stage), stopped])) === undefined) return 'broken'
    print(colours.success('✔ healthy mail: Ann reaches Kim through mx and srs, Lee sends through submission.'))
    for (const [i, kind] of kinds.entries()) {
      if (i > 0 && !(await isWanted(kind, { stage, stopped }))) return 'repaired'
      const broken = await Promise.race([kind.run(stage), stopped])
      if (broken === undefined) return 'broken'
      print(announcement(kind, broken, { fleet: stage.fleet, colours }))
      const missing = await waitForRepair(broken, stopped)
      if (missing.length > 0) {
        print(colours.failure(`✘ ${kind.kind}: not repaired. ${printable(missing.slice(0, MOST_SHOWN).join('; '))}`))
        return 'broken'
      }
      print(colours.success(`✔ ${kind.kind}: repaired. ${accountOf(stage)}`))
    }
    print('All is well. The fleet runs until you press Ctrl-C.')
    await stopped
    return 'repaired'
  } finally {
    await Promise.all([stage.post.close(), stage.fleet.stop()])
    await Promise.allSettled([
      ...kinds.map(async (kind) => kind.close?.()),
      ...[...hosts.values()].map((host) => host.close()),
    ])
    await running.close()
  }
}

/** Waits until the operator asks for the next fault; false if the demonstration ends before. */
async function isWanted(
  { kind }: Break,
  { stage, stopped }: { readonly stage: Stage; readonly stopped: Promise<void> },
): Promise<boolean> {
  stage.print(`The next fault comes when you make this file: ${join(stage.fleet.folder, 'outside', kind)}`)
  const end: { is: boolean } = { is: false }
  void stopped.then(() => (end.is = true))
  while (!end.is && !stage.hasCalled(kind)) await Promise.race([commandClock.sleep(LOOK_MS), stopped])
  return !end.is
}

/** Reasons that the last line names. */
const MOST_SHOWN = 5

/** @param hosts those that the breaks start, by address */
function createStage(
  running: RunningEnvironment,
  hosts: Map<string, InternetHost>,
  print: (text: string) => void,
): Stage {
  const { fleet, dns, acceptingHost } = running.environment
  const fileOf = (file: string) => join(fleet.folder, 'outside', file)
  return {
    fleet,
    dns,
    acceptingHost,
    post: createPost(fleet, () => [acceptingHost, ...hosts.values()]),
    print,
    startHost: async ({ name, address, refusal }) => {
      const host = hosts.get(address) ?? (await startInternetHost({ name, host: address, port: fleet.ports.smtp }))
      hosts.set(address, host)
      host.refuse(refusal ?? null)
      return host
    },
    hasCalled: (file) => existsSync(fileOf(file)),
    readCall: (file) => (existsSync(fileOf(file)) ? readFileSync(fileOf(file), 'utf8') : null),
  }
}

/** Every kind may change files: the routing data of the fleet are a copy, and `mail.d` is for additions. */
function preparations(kinds: readonly Break[]): Preparation {
  return async (environment) => {
    const { fleet } = environment
    const copy = join(fleet.folder, 'hiera')
    cpSync(programFolder('hiera-examples', fleet.folder), copy, { recursive: true })
    for (const folder of ['mail.d', 'outside']) mkdirSync(join(fleet.folder, folder))
    for (const node of Object.keys(nodeAddresses) as NodeName[])
      fleet.configure(node, (yaml) => ({
        ...yaml,
        hiera: join(copy, 'hiera.yaml'),
        mail: [join(fleet.folder, 'mail.d')],
        // As a real node: what a destination has deferred waits for minutes.
        queue: { min_free: '1M' },
      }))
    for (const kind of kinds) await kind.prepare?.(environment)
  }
}

async function bringHealthyMail({ post }: Stage): Promise<true> {
  await post.fromAnn({ to: 'kim@example.org', mailbox: 'kim@home.example.net', subject: 'Good morning' })
  await post.fromLee({ to: 'friend@home.example.net', subject: 'Good morning' })
  await until(() => post.missing().length === 0, ARRIVAL_TIMEOUT_MS)
  return true
}

function announcement(
  { kind, page }: Break,
  { report, commands }: Broken,
  { fleet, colours }: { readonly fleet: Fleet; readonly colours: Colours },
): string {
  const waypost = 'npm run -s waypost --'
  return [
    '',
    colours.bold(`Something is broken (${kind}). What people report:`),
    ...report.map((line) => `    ${line}`),
    '',
    `The files of the fleet are in ${fleet.folder}. In another terminal, begin with:`,
    ...commands.map((command) => `    ${waypost} ${command}`),
    `The page ${page} has the repair, step by step. Ctrl-C ends the demonstration.`,
    '',
  ].join('\n')
}

/** Resolves with what is still missing: nothing after the repair. */
async function waitForRepair(broken: Broken, stopped: Promise<void>): Promise<readonly string[]> {
  const end: { is: boolean } = { is: false }
  void stopped.then(() => (end.is = true))
  for (;;) {
    const missing = await broken.look()
    if (missing.length === 0 || end.is) return missing
    await Promise.race([commandClock.sleep(LOOK_MS), stopped])
  }
}

function accountOf({ post }: Stage): string {
  return `All ${post.count()} letters are in their mailboxes, or their senders have them back.`
}
