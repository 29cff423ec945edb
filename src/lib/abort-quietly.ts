// Ends a signal that tells its listeners only that nobody waits any more.

/** One for all: a reason of its own would be a DOMException with a stack, which takes longer than the rest of a connection's end. */
const nobodyWaits = new Error('nobody waits any more')

/** Aborts what listens to the controller's signal. Without effect after the first call. */
export function abortQuietly(controller: AbortController): void {
  controller.abort(nobodyWaits)
}
