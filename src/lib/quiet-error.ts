// Errors without a stack, for libraries that expect a rejection where the cause is usual, such as a name that does not exist. Recording
// the stack takes longer than the rest of such an answer.

/** An error with these fields; its stack is absent. */
export function quietError<T extends object>(message: string, fields: T): Error & T {
  return Object.assign(Object.create(Error.prototype) as Error, { message, ...fields })
}
