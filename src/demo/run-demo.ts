// The demonstration: a fleet of four real nodes and a small internet on loopback, seven scenes, and the way of each mail hop by hop.

import type { Writable } from 'node:stream'
import { bounceComesHome } from './scenes/bounce-comes-home.ts'
import { destinationDown } from './scenes/destination-down.ts'
import { forgedOwnDomain } from './scenes/forged-own-domain.ts'
import { machineSends } from './scenes/machine-sends.ts'
import { personSubmits } from './scenes/person-submits.ts'
import { strangerToAlias } from './scenes/stranger-to-alias.ts'
import { unknownRecipient } from './scenes/unknown-recipient.ts'
import { paint } from './paint.ts'
import type { Paint } from './paint.ts'
import { playground } from './playground.ts'
import { raiseStage } from './raise-stage.ts'
import type { RaisedStage } from './raise-stage.ts'
import type { Proof, Scene } from './stage.ts'
import { wayLines } from './message-trace.ts'

const scenes: readonly Scene[] = [
  strangerToAlias,
  bounceComesHome,
  personSubmits,
  machineSends,
  forgedOwnDomain,
  unknownRecipient,
  destinationDown,
]

export interface SceneEnd {
  readonly letter: string
  readonly title: string
  readonly proofs: readonly Proof[]
}

export interface DemoOptions {
  /** Leave everything up until a person wants it to end. */
  readonly stay: boolean
  /** Resolves when a person wants it to end, in the middle of a scene too. */
  readonly stopped: Promise<void>
}

/** `good`: every scene ended as it must. `stopped`: a person ended it before. */
export type DemoEnd = 'good' | 'bad' | 'stopped'

/** Runs it all and prints as it goes. No node is left behind, however it ends. */
export async function runDemo(out: Writable, options: DemoOptions): Promise<DemoEnd> {
  const ink = paint(out)
  const say = (text: string) => void out.write(`${text}\n`)
  say(ink.strong('Waypost: a whole fleet and a small internet on loopback'))
  const raised = await raiseStage((text) => say(ink.faint(text)))
  try {
    say(introduction(raised, ink))
    const ends: SceneEnd[] = []
    for (const scene of scenes) {
      const end = await Promise.race([play(raised, scene, { say, ink }), options.stopped])
      if (!end) return 'stopped'
      ends.push(end)
    }
    const good = summary(ends, { say, ink })
    if (options.stay) {
      say(playground(raised.stage.fleet, raised.stage.dns))
      await options.stopped
    }
    return good ? 'good' : 'bad'
  } finally {
    await raised.close()
  }
}

interface Voice {
  readonly say: (text: string) => void
  readonly ink: Paint
}

async function play(raised: RaisedStage, scene: Scene, { say, ink }: Voice): Promise<SceneEnd> {
  say(`\n${ink.strong(`(${scene.letter}) ${scene.title}`)}\n    ${scene.about}`)
  const ids = raised.startScene()
  let proofs: readonly Proof[]
  try {
    proofs = await scene.run(raised.stage)
  } catch (error) {
    proofs = [{ what: 'the scene played to its end', ok: false, seen: (error as Error).message }]
  }
  for (const id of ids) {
    const lines = wayLines(await raised.settled(id), ink)
    if (lines.length > 0) say([`    ${ink.faint(`the way of ${id}`)}`, ...lines].join('\n'))
  }
  for (const { what, ok, seen } of proofs)
    say(`    ${ok ? ink.good('✔') : ink.bad('✘')} ${what}: ${ink.faint(seen.replace(/\s+/g, ' '))}`)
  return { letter: scene.letter, title: scene.title, proofs }
}

function introduction({ stage }: RaisedStage, ink: Paint): string {
  const { smtp, submissions, submission } = stage.fleet.ports
  return [
    '',
    '    the internet ──▶ mx ──▶ srs ──▶ the internet        people ──▶ submission ──▶ the internet',
    '                      ▲      (forwards, SRS, DKIM)      machines ──▶ mta ───────▶ the internet',
    '                      └── bounces come home here',
    '',
    ink.faint(
      `    mx 127.0.1.1:${smtp} · srs 127.0.1.2:${smtp} · submission 127.0.1.3:${submissions} and :${submission} · mta 127.0.1.4:${submission}`,
    ),
  ].join('\n')
}

function summary(ends: readonly SceneEnd[], { say, ink }: Voice): boolean {
  say(`\n${ink.strong('What happened')}`)
  for (const { letter, title, proofs } of ends) {
    const failed = proofs.filter((one) => !one.ok)
    say(
      `    ${failed.length === 0 ? ink.good('✔') : ink.bad('✘')} (${letter}) ${title}${failed.map((one) => `\n        ${ink.bad(one.what)}: ${one.seen}`).join('')}`,
    )
  }
  const good = ends.every((end) => end.proofs.length > 0 && end.proofs.every((one) => one.ok))
  say(good ? ink.good('\nEverything ended as it must.') : ink.bad('\nSomething did not end as it must.'))
  return good
}
