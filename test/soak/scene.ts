// Everything of a soak that is started before the load: DNS, both nodes, mail hosts that count, and the bounces of far hosts.

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Arrivals, createArrivals } from './arrivals.ts'
import { SLOTS } from './mail-plan.ts'
import { createOutcomes, type Outcomes } from './outcomes.ts'
import { type Returns, startReturns } from './returns.ts'
import { type Sinks, startSinks } from './sinks.ts'
import { keyZone, SENDERS_MX, type SoakDns, startSoakDns } from './soak-dns.ts'
import { chooseAddresses, HOST_NAMES, prepareFleet, type SoakFleet } from './soak-fleet.ts'
import { createMailMaker, type MailMaker } from './soak-mail.ts'

export interface SceneSettings {
  readonly messages: number
  readonly seed: number
  readonly sessions: number
  /** Size of each node's file system. */
  readonly diskOctets: number
  /** How long a mail host stalls, ms. */
  readonly longestFault: number
}

export interface Scene {
  readonly fleet: SoakFleet
  readonly dns: SoakDns
  readonly sinks: Sinks
  readonly returns: Returns
  readonly arrivals: Arrivals
  readonly outcomes: Outcomes
  readonly mail: MailMaker
  /** The listener of the mx. */
  readonly target: { readonly host: string; readonly port: number }
  close(): Promise<void>
}

/** Starts it; a part that fails ends the others. */
export async function setScene(settings: SceneSettings): Promise<Scene> {
  const { messages, seed } = settings
  const folder = mkdtempSync(join(tmpdir(), 'waypost-soak-'))
  const closes: (() => Promise<void> | void)[] = [() => rmSync(folder, { recursive: true, force: true })]
  const close = async () => {
    for (const end of closes.splice(0).toReversed()) await end()
  }
  try {
    const addresses = await chooseAddresses()
    const [arrivals, outcomes] = [createArrivals(messages), createOutcomes(messages)]
    const dns = await startSoakDns(addresses)
    closes.push(() => dns.close())
    const mail = createMailMaker(seed, SENDERS_MX)
    const fleet = await prepareFleet({ ...settings, folder, addresses, dns })
    // A process that ends early must leave neither nodes nor mounts.
    process.once('exit', fleet.close)
    closes.push(() => void process.removeListener('exit', fleet.close), fleet.close)
    dns.add({ ...mail.zone, ...keyZone(fleet) })
    const target = { host: addresses.mx, port: addresses.port }
    const returns = startReturns(target, outcomes)
    closes.push(() => returns.stop())
    const hosts = [
      ...addresses.far.map((address) => ({ slot: SLOTS.forward, address })),
      { slot: SLOTS.box, address: addresses.box },
      { slot: SLOTS.report, address: addresses.senders },
    ]
    const onReturn = (number: number, reversePath: string) => returns.add(number, reversePath)
    const stallMs = settings.longestFault
    const sinks = await startSinks({ seed, arrivals, hosts, port: addresses.port, ...HOST_NAMES, onReturn, stallMs })
    closes.push(() => sinks.close())
    await fleet.srs.start()
    await fleet.mx.start()
    return { fleet, dns, sinks, returns, arrivals, outcomes, mail, target, close }
  } catch (error) {
    await close()
    throw error
  }
}
