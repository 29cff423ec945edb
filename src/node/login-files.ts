// Takes one person out of the files of logins, which a running node has in memory.

export interface LoginFile {
  readonly path: string
  readonly file: {
    /** False if nothing was known. */
    erase(identity: string): boolean
    save(): Promise<void>
  }
}

/** Erases the names and writes the files. Returns the paths of those that named the person. Rejects with the error of the disk. */
export async function eraseLogins(files: readonly LoginFile[], names: readonly string[]): Promise<readonly string[]> {
  const erased: string[] = []
  for (const { path, file } of files) {
    if (names.filter((name) => file.erase(name)).length === 0) continue
    await file.save()
    erased.push(path)
  }
  return erased
}
