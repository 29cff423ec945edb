// Sends messages to another thread together: all of one turn of the event loop are one message. Waking a thread costs more than most of
// what is sent.

/** Adds a message; it is sent before the event loop waits. `owned` are buffers that move to the other thread. */
export type BatchedSend<T> = (message: T, owned?: ArrayBuffer) => void

/** @param post sends the messages in their order */
export function createMessageBatch<T>(post: (messages: readonly T[], owned: ArrayBuffer[]) => void): BatchedSend<T> {
  let messages: T[] = []
  let buffers: ArrayBuffer[] = []
  const flush = () => {
    const [sent, owned] = [messages, buffers]
    messages = []
    buffers = []
    post(sent, owned)
  }
  return (message, owned) => {
    if (messages.push(message) === 1) setImmediate(flush)
    if (owned !== undefined) buffers.push(owned)
  }
}
