// Hands the files of the drop directory to the listener for programs of this host.

import type { Config } from '../config/config.ts'
import type { Place } from '../sendmail/smtp-session.ts'
import type { Listener } from '../server/listener.ts'
import type { DropWatch } from './drop-watch.ts'

/** Before the listeners drain, no message is on its way from the directory. */
export function startDrop(drop: DropWatch | null, place: Place | null, stops: AsyncDisposableStack): void {
  if (!drop || !place) return
  stops.defer(() => drop.close())
  drop.start(place)
}

/** Where programs of this host connect; null if the role has no listener for them. */
export function localPlace(config: Config, listeners: readonly Listener[]): Place | null {
  const index = config.listeners.findIndex(({ admit }) => admit.includes('local'))
  const listener = listeners[index]
  return listener ? { kind: 'tcp', host: config.listeners[index]?.host ?? '', port: listener.address().port } : null
}
