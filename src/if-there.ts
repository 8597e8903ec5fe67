// What may be missing: a file that is not there is no error.

/** @returns undefined where there is none. @throws any other error of the system's */
export async function ifThere<T>(wanted: Promise<T>): Promise<T | undefined> {
  return wanted.catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  });
}
