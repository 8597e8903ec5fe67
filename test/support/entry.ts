// The program as it is installed: what the tests start as `node ENTRY` has been compiled from src beforehand.
import { join } from 'node:path';

export const entry = join(import.meta.dirname, '..', '..', 'dist', 'main.js');
