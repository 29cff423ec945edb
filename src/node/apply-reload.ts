// A reload: new data and a new certificate for a running node, all or nothing.

import type { Config } from '../config/config.ts'
import { formatProblem } from '../config/problem.ts'
import type { Problem } from '../config/problem.ts'
import type { TlsMaterial } from '../config/read-tls-material.ts'
import type { Clock } from '../lib/clock.ts'
import type { Log } from '../lib/log.ts'
import type { TransferListener } from '../queue/transfer/transfer-listener.ts'
import type { TokenStore } from '../route/srs/srs-token.ts'
import type { FileGuard } from '../directory/snapshots/file-guard.ts'
import type { HttpsListener } from '../server/https-listener.ts'
import type { Listener } from '../server/listener.ts'
import type { AccountWatch } from './account-watch.ts'
import type { GreylistWatch } from './greylist-watch.ts'
import type { CurrentData } from './current-data.ts'
import type { CurrentModes } from './current-modes.ts'
import { loadData } from './load-data.ts'
import type { OpenLogin } from './open-login.ts'
import type { ReloadResult } from './reload-result.ts'
import { untilSettled } from './settled-files.ts'
import type { ReportWatch } from './report-watch.ts'
import type { RevocationLists } from './revocation-lists.ts'
import type { KeyWatch } from './key-watch.ts'
import { listenerMaterial } from './listener-material.ts'
import { applyReloadable } from './reloadable-keys.ts'
import { useCertificate } from './use-certificate.ts'
import { recordShortHashes } from './srs-hash-record.ts'
import type { SelfService } from './start-self-service.ts'
import type { SourceHolder } from './source-holder.ts'

/** What a reload changes in a running node. */
export interface Reloadable {
  /** The configuration of the start. */
  readonly config: Config
  readonly clock: Clock
  readonly log: Log
  readonly data: CurrentData
  readonly tokens: TokenStore | null
  readonly sources: SourceHolder
  readonly guard: FileGuard
  readonly revocation: Pick<RevocationLists, 'lists' | 'update'>
  readonly certificate: { value: TlsMaterial | null }
  readonly keys: Pick<KeyWatch, 'choose' | 'warnings'>
  readonly listeners: readonly Listener[]
  readonly transfers: TransferListener | null
  readonly https: readonly Pick<HttpsListener, 'updateTls'>[]
  /** Null without `self_service`. */
  readonly selfService: Pick<SelfService, 'updateTls' | 'update'> | null
  readonly modes: Pick<CurrentModes, 'replace'>
  /** Null if the role does not greylist. */
  readonly greylist: Pick<GreylistWatch, 'update'> | null
  /** Null if no listener admits users. */
  readonly login: Pick<OpenLogin, 'update'> | null
  readonly accounts: Pick<AccountWatch, 'update'>
  /** Null for a node that reads no reports. */
  readonly reports: Pick<ReportWatch, 'update'> | null
}

/** Activates the data and the certificate of `wanted`. If anything in it is invalid, nothing changes. The log reports the result too. */
export async function applyReload(wanted: Config, node: Reloadable): Promise<ReloadResult> {
  const { data, tokens, log, certificate, clock, sources, guard } = node
  const { config, restartFor } = applyReloadable({ ...node.config, tls: certificate.value }, wanted)
  await sources.refresh(config)
  await untilSettled(data.files(), clock)
  const ports = {
    clock,
    tokens,
    shortHashes: recordShortHashes,
    sources: sources.set,
    guard,
    revocation: node.revocation.lists,
    use: 'reload',
  } as const
  const loaded = await loadData(config, ports)
  if (loaded.kind === 'bad') {
    data.reject(loaded.files)
    log.error({ problems: loaded.problems.map(formatProblem) }, 'reload rejected; the old data stays active')
    return { kind: 'refused', file: config.file, problems: [...loaded.problems] }
  }
  logWarnings(loaded.warnings, log)
  data.replace(loaded.data)
  node.modes.replace(config)
  await sources.adopt(config)
  await node.revocation.update(config)
  node.greylist?.update(config)
  node.login?.update(config)
  node.accounts.update(config)
  node.selfService?.update(config)
  node.reports?.update(config)
  const cause = useCertificate(await node.keys.choose(listenerMaterial(config)), node)
  const warnings = [...loaded.warnings, ...node.keys.warnings()]
  if (cause) {
    log.error({ cause }, 'the new certificate is invalid; the old one stays in use')
    const message = `tls: a listener refused the new certificate, and the old one stays in use: ${cause}`
    warnings.push({ file: config.file, line: 1, column: 1, message })
  }
  if (restartFor.length > 0) log.warn({ keys: restartFor }, `restart required for: ${restartFor.join(', ')}`)
  log.info({ data: loaded.data.summary }, 'reloaded')
  return { kind: 'reloaded', file: config.file, summary: loaded.data.summary, warnings, restartFor: [...restartFor] }
}

/** Logs the warnings of loaded data, at a start and at a reload. */
export function logWarnings(warnings: readonly Problem[], log: Log): void {
  for (const { file, line, message } of warnings) log.warn({ file, line }, message)
}
