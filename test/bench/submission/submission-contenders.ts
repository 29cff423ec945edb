// The mail servers of the benchmark `submission`. All check the same passwords, let each user send with one address, sign, and send to one
// next hop.

import { cpSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { freePort } from '../../lib/free-port.ts'
import { startPostfix } from '../../lib/peers/postfix.ts'
import { startWaypostRelay } from '../waypost-relay.ts'
import { startDovecot, startOpenDkim, startSigningRspamd, type Signer } from './submission-helpers.ts'
import { HOSTNAME, type KeyName, OWN_DOMAIN, type SubmissionWorld } from './submission-world.ts'

export const contenderNames = [
  'Postfix, OpenDKIM',
  'Postfix, rspamd',
  'Postfix, rspamd, two keys',
  'Waypost',
  'Waypost, two keys',
  'Waypost, nothing remembered',
] as const
export type ContenderName = (typeof contenderNames)[number]

export interface Contender {
  readonly name: ContenderName
  readonly port: number
  /** The port of its next hop. */
  readonly sinkPort: number
  /** Roots of the process trees that do its work. */
  readonly pids: readonly number[]
  /** With which it signs. */
  readonly keys: readonly KeyName[]
  /** Versions of its programs; empty for Waypost. */
  readonly version: string
  stop(): Promise<void>
}

export interface Surroundings {
  readonly world: SubmissionWorld
  readonly sessions: number
}

const ONE: readonly KeyName[] = ['rsa']
const TWO: readonly KeyName[] = ['rsa', 'ed']

export function startContender(name: ContenderName, around: Surroundings): Promise<Contender> {
  switch (name) {
    case 'Postfix, OpenDKIM':
      return startPostfixWith(name, around, { keys: ONE, startSigner: () => startOpenDkim(around.world) })
    case 'Postfix, rspamd':
      return startPostfixWith(name, around, { keys: ONE, startSigner: () => startSigningRspamd(around.world, ONE) })
    case 'Postfix, rspamd, two keys':
      return startPostfixWith(name, around, { keys: TWO, startSigner: () => startSigningRspamd(around.world, TWO) })
    case 'Waypost':
      return startWaypost(name, around, { keys: ONE })
    case 'Waypost, two keys':
      return startWaypost(name, around, { keys: TWO })
    case 'Waypost, nothing remembered':
      return startWaypost(name, around, { keys: ONE, more: 'login: { remember_for: 0 }' })
  }
}

interface PostfixSpec {
  readonly keys: readonly KeyName[]
  readonly startSigner: () => Promise<Signer>
}

async function startPostfixWith(
  name: ContenderName,
  { world }: Surroundings,
  { keys, startSigner }: PostfixSpec,
): Promise<Contender> {
  const sinkPort = await freePort()
  const dovecot = await startDovecot(world)
  const signer = await startSigner()
  const logins = join(world.folder, `logins-${sinkPort}`)
  writeFileSync(logins, world.users.map((user) => `${user.name}@${OWN_DOMAIN} ${user.name}\n`).join(''))
  const postfix = await startPostfix({
    relayhost: `[127.0.0.1]:${sinkPort}`,
    hostname: HOSTNAME,
    log: false,
    main: {
      // No client is trusted for its address.
      mynetworks: '192.0.2.1/32',
      smtpd_tls_wrappermode: 'yes',
      smtpd_tls_cert_file: world.certificate,
      smtpd_tls_key_file: world.key,
      smtpd_sasl_auth_enable: 'yes',
      smtpd_sasl_type: 'dovecot',
      smtpd_sasl_path: dovecot.socket,
      smtpd_relay_restrictions: 'permit_sasl_authenticated, reject',
      smtpd_sender_restrictions: 'reject_sender_login_mismatch',
      smtpd_sender_login_maps: `texthash:${logins}`,
      smtpd_milters: signer.milter,
      milter_default_action: 'tempfail',
    },
  })
  return {
    name,
    port: postfix.port,
    sinkPort,
    pids: [postfix.pid, ...dovecot.pids, ...signer.pids],
    keys,
    version: `Postfix ${postfix.run('postconf', '-h', 'mail_version').trim()}`,
    stop: async () => {
      await postfix.stop()
      await signer.stop()
      await dovecot.stop()
    },
  }
}

interface WaypostSpec {
  readonly keys: readonly KeyName[]
  /** Further lines of its YAML. */
  readonly more?: string
  /** The folder for processor profiles. */
  readonly profiles?: string
  /** The checkout to run. Default: this one. */
  readonly root?: string
}

/** A node with the shipped role `submission`. */
export async function startWaypost(
  name: ContenderName,
  { world, sessions }: Surroundings,
  { keys, more = '', profiles, root }: WaypostSpec,
): Promise<Contender> {
  const sinkPort = await freePort()
  const other = await freePort()
  const configuration = (folder: string, port: number): string => {
    mkdirSync(join(folder, 'dkim', OWN_DOMAIN), { recursive: true, mode: 0o700 })
    for (const one of keys) cpSync(world.signing[one].file, join(folder, 'dkim', OWN_DOMAIN, `${one}.pem`))
    writeFileSync(join(folder, 'mail.yaml'), `domains: [ ${OWN_DOMAIN} ]\n`)
    return `
role: submission
hostname: ${HOSTNAME}
domain: ${OWN_DOMAIN}
data: ${join(folder, 'data')}
mail: [ ${join(folder, 'mail.yaml')} ]
users: ${world.passwd}
listen: { submissions: "127.0.0.1:${port}", submission: "127.0.0.1:${other}" }
tls: { certificate: ${world.certificate}, key: ${world.key} }
peers: { mx: [ { host: "127.0.0.1:1", addresses: [ "127.0.0.1/32" ] } ] }
dkim: { keys: ${join(folder, 'dkim')} }
smarthost: "smtp:[127.0.0.1]:${sinkPort}"
dns: { servers: [ "127.0.0.1:1" ] }
limits: { connections: ${sessions * 4}, connections_per_ip: ${sessions * 4} }
${more}
`
  }
  const relay = await startWaypostRelay({
    sinkPort,
    sessions,
    configuration,
    ...(profiles !== undefined && { profiles }),
    ...(root !== undefined && { root }),
  })
  return { name, port: relay.port, sinkPort, pids: [relay.pid], keys, version: '', stop: () => relay.stop() }
}
