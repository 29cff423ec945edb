// Waits for something that other processes do.

/** How often it is looked at, ms. */
const LOOK_MS = 50

/** Resolves when `holds` answers true; rejects after `ms`. */
export async function until(holds: () => boolean, ms: number): Promise<void> {
  const end = Date.now() + ms
  while (!holds()) {
    if (Date.now() > end) throw new Error(`it did not happen within ${ms} ms`)
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS))
  }
}
