// What `waypost check` finds about the ways in which users log in: app passwords and pinned certificates that nothing uses, revocation lists that
// are too old, an issuer of tokens without an answer.

import type { AppPassword } from '../../auth/app-password.ts'
import { openLastUses } from '../../auth/last-uses.ts'
import { identityOf } from '../../auth/passwd-authenticator.ts'
import { createTokenKeys } from '../../auth/token-keys.ts'
import type { Config } from '../../config/config.ts'
import type { Problem } from '../../config/problem.ts'
import { commandClock } from '../../lib/clock.ts'
import { idleAppPasswords } from '../../node/app-password-state.ts'
import { unusedPins } from '../../node/certificate-use.ts'
import type { NodeData } from '../../node/load-data.ts'
import { openRevocationLists } from '../../node/revocation-lists.ts'
import { appPasswordUsePath, certificateUsePath } from '../../wiring/node-paths.ts'

const log = { info: () => undefined, warn: () => undefined }

/** @param mayAsk false: no URL is asked */
export async function accountWarnings(config: Config, { apps }: NodeData, mayAsk: boolean): Promise<Problem[]> {
  return [
    ...(await idleApps(config, apps.value)),
    ...(await oldLists(config, mayAsk)),
    ...(mayAsk ? await noKeys(config) : []),
  ]
}

/** The file of last uses is missing before the first use, and then the times of creation count. */
async function idleApps({ app_passwords: file, domain, ...config }: Config, list: readonly AppPassword[]) {
  if (file === undefined) return []
  const use = await openLastUses(appPasswordUsePath(config), commandClock)
  return idleAppPasswords({ file, list }, { use, domain, now: commandClock.now() })
}

/** Lists of files, and those of URLs as they are now; without asking, those that the node keeps. */
async function oldLists(config: Config, mayAsk: boolean): Promise<Problem[]> {
  const lists = await openRevocationLists(config, { clock: commandClock, log, keep: false })
  if (mayAsk) await lists.refresh()
  return lists.problems().map((problem) => config.at(['user_certificates', 'crl'], problem))
}

async function noKeys({ oauth, at }: Config): Promise<Problem[]> {
  if (oauth === null) return []
  const keys = createTokenKeys(oauth.jwks, { clock: commandClock, fetch: globalThis.fetch, log })
  await keys.current()
  const problem = keys.problem()
  return problem === null ? [] : [at(['oauth', 'jwks'], `no user could log in with a token: ${problem}`)]
}

/** Machines that a note lists; the rest is a number. */
const MOST_NAMED = 10

/**
 * Notes: machines that may not send as the postmaster. A client node with such a certificate reports as the postmaster, and this node would
 * refuse its bounces. Which machines are client nodes is not known here.
 */
export async function silentMachines({ postmaster, at }: Config, { machines, router }: NodeData): Promise<Problem[]> {
  if (machines === null) return []
  const silent: string[] = []
  for (const { name } of machines.list) {
    const answer = await router.maySendAs({ kind: 'machine', identity: name }, postmaster)
    if (answer.kind === 'no') silent.push(name)
  }
  if (silent.length === 0) return []
  const more = silent.length > MOST_NAMED ? ` and ${silent.length - MOST_NAMED} more` : ''
  const names = `${silent.slice(0, MOST_NAMED).join(', ')}${more}`
  const need = `a client node needs ${postmaster} among its senders, or its bounces are refused here and lost`
  return [at(['machines'], `${names} may not send as ${postmaster}: ${need}`)]
}

/** Notes: pinned certificates with which no user has logged in at this node. */
export async function unusedCertificates(config: Config, { pins }: NodeData): Promise<Problem[]> {
  const file = config.user_certificates?.pins ?? null
  if (file === null) return []
  const use = await openLastUses(certificateUsePath(config), commandClock)
  return unusedPins({ file, pins }, use, (name) => identityOf(name, config.domain))
}
