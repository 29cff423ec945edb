// Where webhooks go: an HTTPS server, or a command on this host. Targets come from the configuration only.

import type { EventKind } from '../observe/events.ts'

interface TargetBase {
  readonly name: string
  readonly events: readonly EventKind[]
  /** Milliseconds of one attempt. */
  readonly timeoutMs: number
}

export interface HttpsTarget extends TargetBase {
  readonly kind: 'https'
  readonly url: string
  /** Key of the signature. */
  readonly secret: string
  /** Certificates that may have issued that of the server, PEM; null: those of the system. */
  readonly ca: string | null
}

export interface CommandTarget extends TargetBase {
  readonly kind: 'command'
  /** Program and arguments; there is no shell. */
  readonly argv: readonly string[]
}

export type HookTarget = HttpsTarget | CommandTarget

export type HookResult = { readonly kind: 'delivered' } | { readonly kind: 'failed'; readonly cause: string }

/** One attempt. It ends within the time limit of the target, or when the signal aborts, and never rejects. */
export type SendHook<Target extends HookTarget> = (
  target: Target,
  body: string,
  signal: AbortSignal,
) => Promise<HookResult>
