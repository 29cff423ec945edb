// What `directory:` names as files, read: passwords and certificates. Each trouble is a problem at its key.

import { readFileSync } from 'node:fs'
import type { DirectoryFile, LdapFile, SqlFile } from './directory-schema.ts'
import type { Problem } from './problem.ts'
import type { Path, YamlSource } from './yaml-source.ts'

export interface ClientTls {
  /** PEM texts. */
  readonly ca: string | null
  readonly certificate: string | null
  readonly key: string | null
}

export interface LdapConfig extends Omit<LdapFile, 'tls' | 'bind'> {
  readonly tls: ClientTls
  readonly bind: { readonly dn: string | null; readonly password: string | null; readonly external: boolean }
}

export interface SqlConfig extends Omit<SqlFile, 'tls' | 'password_file'> {
  /** Null: no TLS. */
  readonly tls: ClientTls | null
  readonly password: string | null
}

export interface DirectoryConfig {
  readonly ldap: LdapConfig | null
  readonly sql: SqlConfig | null
}

export interface FileReading {
  readonly source: YamlSource
  /** Of a file that is read here. */
  readonly resolvePath: (path: string) => string
  /** Of a file that others read. */
  readonly placeOf: (path: string) => string
  readonly problems: Problem[]
}

/** Reads every file that is named; relative paths start where the node's YAML is. */
export function readDirectoryFiles(directory: DirectoryFile, reading: FileReading): DirectoryConfig {
  const { ldap, sql } = directory
  return {
    ldap: ldap === undefined ? null : readLdap(ldap, reading),
    sql: sql === undefined ? null : readSql(sql, reading),
  }
}

function readLdap(ldap: LdapFile, reading: FileReading): LdapConfig {
  const { dn = null, password_file, external } = ldap.bind
  const password = readSecretLine(password_file, ['directory', 'ldap', 'bind', 'password_file'], reading)
  return {
    ...ldap,
    tls: readTls(ldap.tls, ['directory', 'ldap', 'tls'], reading),
    bind: { dn, password, external },
  }
}

function readSql({ password_file, ...sql }: SqlFile, reading: FileReading): SqlConfig {
  return {
    ...sql,
    file: sql.file === undefined ? undefined : reading.placeOf(sql.file),
    tls: sql.tls === undefined ? null : readTls(sql.tls, ['directory', 'sql', 'tls'], reading),
    password: readSecretLine(password_file, ['directory', 'sql', 'password_file'], reading),
  }
}

function readTls(tls: LdapFile['tls'], path: Path, reading: FileReading): ClientTls {
  return {
    ca: readText(tls.ca, [...path, 'ca'], reading),
    certificate: readText(tls.certificate, [...path, 'certificate'], reading),
    key: readText(tls.key, [...path, 'key'], reading),
  }
}

/** One line end at the end of the file is the editor's. */
export function readSecretLine(file: string | undefined, path: Path, reading: FileReading): string | null {
  const password = readText(file, path, reading)?.replace(/\r?\n$/, '') ?? null
  if (password !== '') return password
  reading.problems.push(
    reading.source.at(path, `${path.join('.')}: found an empty file, expected a file with one password`),
  )
  return null
}

function readText(file: string | undefined, path: Path, { source, resolvePath, problems }: FileReading): string | null {
  if (file === undefined) return null
  try {
    return readFileSync(resolvePath(file), 'utf8')
  } catch (error) {
    const found = `found ${resolvePath(file)}, which cannot be read (${(error as Error).message})`
    problems.push(source.at(path, `${path.join('.')}: ${found}, expected a readable file`))
    return null
  }
}
