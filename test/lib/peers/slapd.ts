// A throw-away OpenLDAP server: own configuration, schema and database, on loopback ports. It can be stopped and started again with its data.

import { spawn, spawnSync } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePort } from '../free-port.ts'
import { isListening } from '../listening.ts'
import { until } from '../until.ts'

const SUFFIX = 'dc=example,dc=org'
export const PEOPLE = `ou=people,${SUFFIX}`
export const ALIASES = `ou=aliases,${SUFFIX}`
/** May read everything within the limits of the configuration. */
export const READER = { dn: `cn=waypost,${SUFFIX}`, password: 'reader-secret' } as const
const ROOT = { dn: `cn=root,${SUFFIX}`, password: 'root-secret' } as const

export interface Person {
  readonly uid: string
  readonly forward?: readonly string[]
  readonly password?: string
  readonly mail?: readonly string[]
  readonly proxyAddresses?: readonly string[]
}

export interface SlapdSettings {
  /** Certificate, key and CA as PEM files; then ldaps:// and StartTLS work. */
  readonly tls?: { readonly certificate: string; readonly key: string; readonly ca: string }
  /** Further lines of the global part of slapd.conf. */
  readonly global?: readonly string[]
  /** Limits in the database section of slapd.conf. By default the reader may read all entries in pages (slapd's default is 500 entries). */
  readonly limits?: readonly string[]
  /** Rules of access that come before those of every test. */
  readonly access?: readonly string[]
}

export interface Slapd {
  readonly port: number
  /** 0 without TLS. */
  readonly tlsPort: number
  readonly url: string
  /** Adds or changes entries by LDIF, with all rights. */
  modify(ldif: string): void
  addPeople(people: readonly Person[]): void
  /** The first value of an attribute; empty without one. */
  read(dn: string, attribute: string): string
  remove(...dns: readonly string[]): void
  /** Ends the process at once; its data stay. */
  kill(): Promise<void>
  start(): Promise<void>
  /** Ends it and removes everything. */
  close(): Promise<void>
}

/** The attributes of userdir-ldap that mail needs, and proxyAddresses of Active Directory (MS-ADA3 2.208). */
const schema = `
attributetype ( 1.1.2.1.1 NAME 'emailForward' DESC 'forward' EQUALITY caseIgnoreIA5Match SUBSTR caseIgnoreIA5SubstringsMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.26 )
attributetype ( 1.1.2.1.2 NAME 'mailPassword' DESC 'hash' EQUALITY caseExactIA5Match SYNTAX 1.3.6.1.4.1.1466.115.121.1.26 )
attributetype ( 1.2.840.113556.1.2.210 NAME 'proxyAddresses' EQUALITY caseIgnoreMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.15 )
objectclass ( 1.1.2.2.1 NAME 'mailPerson' SUP top AUXILIARY MAY ( emailForward $ mailPassword $ proxyAddresses ) )
`

function slapdConf(folder: string, settings: SlapdSettings): string {
  const { tls, global = [], access = [], limits = [`limits dn.exact="${READER.dn}" size.prtotal=unlimited`] } = settings
  const schemas = ['core', 'cosine', 'inetorgperson', 'misc'].map((name) => `include /etc/ldap/schema/${name}.schema`)
  return [
    ...schemas,
    `include ${join(folder, 'mail.schema')}`,
    `pidfile ${join(folder, 'slapd.pid')}`,
    'modulepath /usr/lib/ldap',
    'moduleload back_mdb',
    ...(tls ? [`TLSCertificateFile ${tls.certificate}`, `TLSCertificateKeyFile ${tls.key}`] : []),
    ...(tls ? [`TLSCACertificateFile ${tls.ca}`, 'TLSVerifyClient try'] : []),
    ...global,
    'database mdb',
    `suffix "${SUFFIX}"`,
    `rootdn "${ROOT.dn}"`,
    `rootpw ${ROOT.password}`,
    `directory ${join(folder, 'db')}`,
    'dbnosync',
    ...limits,
    ...access,
    'access to attrs=userPassword by anonymous auth by * none',
    'access to * by users read by anonymous auth',
    '',
  ].join('\n')
}

const tree = [
  `dn: ${SUFFIX}\nobjectClass: dcObject\nobjectClass: organization\ndc: example\no: Example`,
  `dn: ${PEOPLE}\nobjectClass: organizationalUnit\nou: people`,
  `dn: ${ALIASES}\nobjectClass: organizationalUnit\nou: aliases`,
  `dn: ${READER.dn}\nobjectClass: organizationalRole\nobjectClass: simpleSecurityObject\ncn: waypost\nuserPassword: ${READER.password}`,
].join('\n\n')

/** The DN of a person. */
export function personDn(uid: string): string {
  return `uid=${uid},${PEOPLE}`
}

function personLdif({ uid, forward = [], password, mail = [], proxyAddresses = [] }: Person): string {
  return [
    `dn: ${personDn(uid)}`,
    'objectClass: inetOrgPerson',
    'objectClass: mailPerson',
    `uid: ${uid}`,
    `cn: ${uid}`,
    `sn: ${uid}`,
    ...forward.map((value) => `emailForward: ${value}`),
    ...mail.map((value) => `mail: ${value}`),
    ...proxyAddresses.map((value) => `proxyAddresses: ${value}`),
    ...(password === undefined ? [] : [`mailPassword: ${password}`]),
  ].join('\n')
}

/** Starts a server with an empty organisation and waits until it listens. */
export async function startSlapd(settings: SlapdSettings = {}): Promise<Slapd> {
  const folder = mkdtempSync(join(tmpdir(), 'waypost-slapd-'))
  mkdirSync(join(folder, 'db'))
  writeFileSync(join(folder, 'mail.schema'), schema)
  writeFileSync(join(folder, 'slapd.conf'), slapdConf(folder, settings))
  run('slapadd', ['-q', '-f', join(folder, 'slapd.conf')], tree)
  const [port, tlsPort] = [await freePort(), settings.tls ? await freePort() : 0]
  const urls = [`ldap://127.0.0.1:${port}/`, ...(tlsPort > 0 ? [`ldaps://127.0.0.1:${tlsPort}/`] : [])].join(' ')
  let child: ChildProcess | null = null
  const kill = async () => {
    const running = child
    child = null
    if (!running || running.exitCode !== null) return
    await new Promise((resolve) => {
      running.once('exit', resolve)
      running.kill('SIGKILL')
    })
  }
  const start = async () => {
    // With -d it stays in the foreground.
    child = spawn('/usr/sbin/slapd', ['-d', '0', '-h', urls, '-f', join(folder, 'slapd.conf')], { stdio: 'ignore' })
    await until(() => isListening(port), { what: 'slapd to listen' })
  }
  await start()
  const ldap = (command: string, args: readonly string[], input: string) =>
    run(command, ['-x', '-H', `ldap://127.0.0.1:${port}`, '-D', ROOT.dn, '-w', ROOT.password, ...args], input)
  return {
    port,
    tlsPort,
    url: `ldap://127.0.0.1:${port}`,
    modify: (ldif) => void ldap('ldapmodify', [], ldif),
    addPeople: (people) => void ldap('ldapadd', [], people.map(personLdif).join('\n\n')),
    read: (dn, attribute) => {
      const line = ldap('ldapsearch', ['-LLL', '-o', 'ldif-wrap=no', '-b', dn, '-s', 'base', attribute], '')
        .split('\n')
        .find((one) => one.toLowerCase().startsWith(`${attribute.toLowerCase()}:`))
      const [, encoded, text = ''] = /^[^:]+:(:?) (.*)$/.exec(line ?? '') ?? []
      return encoded === ':' ? Buffer.from(text, 'base64').toString() : text
    },
    remove: (...dns) => void ldap('ldapmodify', [], dns.map((dn) => `dn: ${dn}\nchangetype: delete\n`).join('\n')),
    kill,
    start,
    close: async () => {
      await kill()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

function run(command: string, args: readonly string[], input: string): string {
  const path = `${process.env['PATH'] ?? ''}:/usr/sbin:/usr/bin`
  const result = spawnSync(command, args, { input, encoding: 'utf8', env: { ...process.env, PATH: path } })
  if (result.status !== 0) throw new Error(`${command} ended with ${result.status}: ${result.stderr}`)
  return result.stdout
}
