// A JSON Web Key Set (RFC 7517 5).

export interface KeySet {
  readonly keys: readonly Readonly<Record<string, unknown>>[]
}

/** Null for a text that is no key set. The keys themselves are judged where they are used. */
export function readKeySet(text: string): KeySet | null {
  try {
    const { keys } = JSON.parse(text) as { readonly keys?: unknown }
    return Array.isArray(keys) && keys.every((one) => typeof one === 'object' && one !== null) ? { keys } : null
  } catch {
    return null
  }
}
