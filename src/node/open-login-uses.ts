// What the node remembers about app passwords, client certificates of users, and machines.

import type { LastUses } from '../auth/last-uses.ts'
import type { Config } from '../config/config.ts'
import { type LoginHistory, openLoginHistory } from '../auth/login-history.ts'
import { appPasswordUsePath, certificateUsePath, loginHistoryPath, machineUsePath } from '../wiring/node-paths.ts'
import { createCertificateUse } from './certificate-use.ts'
import type { CertificateUse } from './certificate-use.ts'
import { openUse, saveOften } from './open-use.ts'
import type { UsePorts } from './open-use.ts'

export interface LoginUses {
  readonly appUse: LastUses
  readonly certificateUse: CertificateUse
  readonly machineUse: Pick<LastUses, 'note'>
  /** Null without a page for people. */
  readonly history: LoginHistory | null
}

/** Rejects if a file cannot be read. */
export async function openLoginUses(config: Config, ports: UsePorts): Promise<LoginUses> {
  const use = await openUse(certificateUsePath(config), ports)
  return {
    appUse: await openUse(appPasswordUsePath(config), ports),
    certificateUse: createCertificateUse({ ...ports, use }),
    machineUse: await openUse(machineUsePath(config), ports),
    history: config.self_service
      ? saveOften(await openLoginHistory(loginHistoryPath(config), ports.clock), ports)
      : null,
  }
}
