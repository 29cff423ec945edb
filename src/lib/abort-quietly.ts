// Ends a signal that means only: the result is not needed any more.

/** One for all: a reason for each would be a DOMException with a stack, which takes longer than the rest of a connection's end. */
const notNeeded = new Error('not needed any more')

/** Aborts what listens to the controller's signal. Without effect after the first call. */
export function abortQuietly(controller: AbortController): void {
  controller.abort(notNeeded)
}
