// The certificates of the listeners, with the authorities of users that they name to clients.

import type { Config } from '../config/config.ts'
import type { TlsMaterial } from '../config/read-tls-material.ts'

export function listenerMaterial({ tls, user_certificates: users }: Config): TlsMaterial | null {
  return tls && (users === null || users.ca === '' ? tls : { ...tls, clientCa: users.ca })
}
