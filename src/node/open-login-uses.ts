// What the node remembers about app passwords, client certificates of users, and machines.

import type { LastUses } from '../auth/last-uses.ts'
import type { Config } from '../config/config.ts'
import { type LoginHistory, openLoginHistory } from '../auth/login-history.ts'
import { appPasswordUsePath, certificateUsePath, loginHistoryPath, machineUsePath } from '../wiring/node-paths.ts'
import { createCertificateUse } from './certificate-use.ts'
import type { CertificateUse } from './certificate-use.ts'
import { openUse, saveOften } from './open-use.ts'
import type { LoginFile } from './login-files.ts'
import type { UsePorts } from './open-use.ts'

export interface LoginUses {
  readonly appUse: LastUses
  readonly certificateUse: CertificateUse
  readonly machineUse: Pick<LastUses, 'note'>
  /** Null without a page for people. */
  readonly history: LoginHistory | null
  readonly loginFiles: readonly LoginFile[]
}

/** Rejects if a file cannot be read. */
export async function openLoginUses(config: Config, ports: Omit<UsePorts, 'keepMs'>): Promise<LoginUses> {
  const keepMs = config.privacy.forget.accounts
  const open = (path: string) => openUse(path, { ...ports, keepMs })
  const use = await open(certificateUsePath(config))
  const appUse = await open(appPasswordUsePath(config))
  const history = config.self_service
    ? saveOften(await openLoginHistory(loginHistoryPath(config), ports.clock), { ...ports, keepMs })
    : null
  return {
    appUse,
    certificateUse: createCertificateUse({ ...ports, use }),
    machineUse: await open(machineUsePath(config)),
    history,
    loginFiles: [
      { path: certificateUsePath(config), file: use },
      { path: appPasswordUsePath(config), file: appUse },
      ...(history === null ? [] : [{ path: loginHistoryPath(config), file: history }]),
    ],
  }
}
