// Where a node keeps its files below its data directory.

import { join } from 'node:path'
import type { Config } from '../config/config.ts'

type WithData = Pick<Config, 'data'>

export function queueDirectory({ data }: WithData): string {
  return join(data, 'queue')
}

/** Snapshots of a mirrored source, or of the files. */
export function snapshotDirectory({ data }: WithData, source: 'ldap' | 'sql' | 'files'): string {
  return join(data, 'directory', source)
}

/** Senders that are too long for SRS. */
export function tokenDatabasePath({ data }: WithData): string {
  return join(data, 'srs-tokens.db')
}

/** The same, as earlier versions stored them. */
export function earlierTokensPath({ data }: WithData): string {
  return join(data, 'srs-tokens')
}

/** The clients from which users have logged in. */
export function knownClientsPath({ data }: WithData): string {
  return join(data, 'known-clients')
}

/** When each app password was last used. */
export function appPasswordUsePath({ data }: WithData): string {
  return join(data, 'app-passwords-used')
}

/** From where each person has logged in lately. */
export function loginHistoryPath({ data }: WithData): string {
  return join(data, 'login-history')
}

/** The second factors of people. */
export function secondFactorsPath({ data }: WithData): string {
  return join(data, 'second-factors')
}

/** Revocation lists from URLs. */
export function revocationListDirectory({ data }: WithData): string {
  return join(data, 'revocation-lists')
}

/** When each client certificate of a user was last used. */
export function certificateUsePath({ data }: WithData): string {
  return join(data, 'user-certificates-used')
}

/** When each machine was last here, by fingerprint. */
export function machineUsePath({ data }: WithData): string {
  return join(data, 'machines-used')
}

/** The key of the salts of users without SCRAM keys. */
export function saltKeyPath({ data }: WithData): string {
  return join(data, 'scram-salt.key')
}

/** The key of the hashes that replace personal data. */
export function privacyKeyPath({ data }: WithData): string {
  return join(data, 'privacy.key')
}

/** The socket through which commands talk to the running node. */
export function controlSocketPath({ data }: WithData): string {
  return join(data, 'control.sock')
}

/** The lengths of SRS hashes that are in use. */
export function srsHashPath({ data }: WithData): string {
  return join(data, 'srs-hash.json')
}

/** Mail that was asked to come back. */
export function greylistPath({ data }: WithData): string {
  return join(data, 'greylist.db')
}

/** Events that targets of webhooks have still to get. */
export function webhooksPath({ data }: WithData): string {
  return join(data, 'webhooks.db')
}

/** Reports of other organizations. */
export function reportsPath({ data }: WithData): string {
  return join(data, 'reports.db')
}

/** What users and machines have sent. */
export function accountsPath({ data }: WithData): string {
  return join(data, 'accounts.db')
}

/** Addresses, networks and accounts that are banned for a time. */
export function bansPath({ data }: WithData): string {
  return join(data, 'bans.db')
}

/** The refresh token of an OAuth client. */
export function refreshTokenPath({ data }: WithData, client: string): string {
  return join(data, 'oauth', `${client}.token`)
}

/** When each finding about the DNS of the fleet was first seen. */
export function dnsCheckPath({ data }: WithData): string {
  return join(data, 'dns-check.json')
}

/** The certificates in use with their keys, of files that an operator may replace. */
export function keptPairsPath({ data }: WithData): string {
  return join(data, 'certificates-in-use.json')
}

/** MTA-STS policies of other domains. */
export function policiesPath({ data }: WithData): string {
  return join(data, 'sts-policies.db')
}

/** Results of TLS sessions that are to be reported. */
export function tlsResultsPath({ data }: WithData): string {
  return join(data, 'tls-results.db')
}

/** When the node started and stopped. */
export function lastRunPath({ data }: WithData): string {
  return join(data, 'last-run.json')
}

/** Up to when the weekly digest was sent. */
export function digestPath({ data }: WithData): string {
  return join(data, 'digest.json')
}
